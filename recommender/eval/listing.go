package eval

import "math"

// Novelty returns the mean self-information of list in bits: -log2 of the share
// of people who watched a movie (Zhou and others, "Solving the apparent
// diversity-accuracy dilemma of recommender systems", PNAS 2010). A movie that
// nobody watched counts as one that a single person did, for its information
// would be infinite. watchers is by row; NaN for an empty list or no people.
func Novelty(list []uint32, watchers []int, people int) float64 {
	if len(list) == 0 || people < 1 {
		return math.NaN()
	}
	var bits float64
	for _, row := range list {
		bits += math.Log2(float64(people) / float64(max(1, watchers[row])))
	}
	return bits / float64(len(list))
}

// Diversity returns 1 minus the mean similarity of all pairs in list (Ziegler and
// others, "Improving recommendation lists through topic diversification", 2005).
// Pairs whose similarity is NaN do not count; NaN without others.
func Diversity(list []uint32, similarity func(a, b uint32) float64) float64 {
	var sum float64
	pairs := 0
	for i, a := range list {
		for _, b := range list[:i] {
			if s := similarity(b, a); !math.IsNaN(s) {
				sum += s
				pairs++
			}
		}
	}
	if pairs == 0 {
		return math.NaN()
	}
	return 1 - sum/float64(pairs)
}

// PopularityLift returns the mean popularity, in watchers, of list over that of
// what the person watched: above 1 the list is more popular than their taste
// (after Abdollahpouri and others, "The unfairness of popularity bias in
// recommendation", 2019, who take the ratio of two means over people less 1). NaN
// for an empty list, or a history that is empty or that nobody watched.
func PopularityLift(list []uint32, history []Seen, watchers []int) float64 {
	var listed, seen float64
	for _, row := range list {
		listed += float64(watchers[row])
	}
	for _, s := range history {
		seen += float64(watchers[s.Movie])
	}
	if len(list) == 0 || seen == 0 {
		return math.NaN()
	}
	return listed / float64(len(list)) / (seen / float64(len(history)))
}

// maxDiverse is the longest list whose diversity is taken: 4,950 pairs.
const maxDiverse = 100

// The columns of the sheet of lists at one cutoff: each figure, and 1 where it
// could be taken.
const (
	novelty = iota
	noveltyKnown
	diversity
	diversityKnown
	lift
	liftKnown
	listColumns
)

// listSheet is over all people who were asked for, with truth or without.
func (r *run) listSheet() *sheet {
	var figures []figure
	for c, k := range r.cfg.Cutoffs {
		at := c * listColumns
		figures = append(figures, figure{name: MetricName("novelty", k), over: at + novelty, by: at + noveltyKnown})
		figures = append(figures, figure{name: MetricName("diversity", k), over: at + diversity, by: at + diversityKnown})
		figures = append(figures, figure{name: MetricName("popularity_lift", k), over: at + lift, by: at + liftKnown})
	}
	// The last two columns say whether a list was personal, and that it is known.
	width := len(r.cfg.Cutoffs)*listColumns + 2
	figures = append(figures, figure{name: "personalised", over: width - 2, by: width - 1})
	return newSheet(len(r.people), r.lists, width, figures, func(int) bool { return true })
}

// describe fills out, a row of the sheet of lists.
func (r *run) describe(out []float64, b *bench, train []Seen) {
	put := func(column int, x float64) {
		if !math.IsNaN(x) {
			out[column], out[column+1] = x, 1
		}
	}
	for c, k := range r.cfg.Cutoffs {
		list := b.earning[:b.until[c]]
		at := c * listColumns
		put(at+novelty, Novelty(list, r.watchers, r.watching))
		put(at+lift, PopularityLift(list, train, r.watchers))
		if r.cfg.Facts.Similarity != nil && k <= maxDiverse {
			put(at+diversity, Diversity(list, r.cfg.Facts.Similarity))
		}
	}
}
