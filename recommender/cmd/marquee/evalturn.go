package main

import (
	"context"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"sync"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/rank"
)

// A knobSweep is the values at which a knob is judged.
type knobSweep struct {
	name   string
	values []float64
	set    func(k *rank.Knobs, v float64)
	lacks  func(j *judge, split *eval.Split) string // why the data say nothing of it; "" if they do
}

// knobSweeps are all knobs of [rank.Knobs].
var knobSweeps = []knobSweep{
	{"diversity", []float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.5}, func(k *rank.Knobs, v float64) { k.Diversity = v }, nil},
	{"per_collection", []float64{1, 2, 3, 5}, func(k *rank.Knobs, v float64) { k.PerCollection = int(v) }, noSeries},
	{"popularity", []float64{-0.4, -0.2, -0.1, -0.05, -0.02, 0.05, 0.1, 0.2}, func(k *rank.Knobs, v float64) { k.Popularity = v }, nil},
	{"cost", []float64{0.02, 0.05, 0.1, 0.2}, func(k *rank.Knobs, v float64) { k.Cost = v }, noCosts},
	{"explore", []float64{0.05, 0.1, 0.2}, func(k *rank.Knobs, v float64) { k.Explore = v }, nil},
	{"rotate", nil, nil, neverShown},
	{"disliked", []float64{0.05, 0.1, 0.2, 0.5, 1}, func(k *rank.Knobs, v float64) { k.Disliked = v }, noLowRatings},
	{"dismissed", nil, nil, neverDismissed},
	{"rating", []float64{0, 0.5}, func(k *rank.Knobs, v float64) { k.Behaviours.Rating = v }, noLowRatings},
	{"neighbours", []float64{0, 50, 200, 500}, func(k *rank.Knobs, v float64) { k.Neighbours = int(v) }, nil},
	{"suggested", []float64{50, 100, 600, 1000}, func(k *rank.Knobs, v float64) { k.Suggested = int(v) }, nil},
	{"popular", []float64{0, 200, 500}, func(k *rank.Knobs, v float64) { k.Popular = int(v) }, nil},
	{"fresh", []float64{0, 50, 200}, func(k *rank.Knobs, v float64) { k.Fresh = int(v) }, nil},
}

func sweepOf(name string) (knobSweep, bool) {
	i := slices.IndexFunc(knobSweeps, func(s knobSweep) bool { return s.name == name })
	if i < 0 {
		return knobSweep{}, false
	}
	return knobSweeps[i], true
}

func sweepNames() []string {
	var names []string
	for _, s := range knobSweeps {
		names = append(names, s.name)
	}
	return names
}

// knobsOff returns knobs that place nothing, with the candidates of the default.
func knobsOff() rank.Knobs {
	d := rank.DefaultKnobs()
	return rank.Knobs{Behaviours: d.Behaviours, Neighbours: d.Neighbours, Suggested: d.Suggested, Popular: d.Popular, Fresh: d.Fresh}
}

func hasCollections(j *judge) bool {
	return slices.ContainsFunc(j.facts.Rows.Collections, func(c string) bool { return c != "" })
}

func noSeries(j *judge, _ *eval.Split) string {
	if !hasCollections(j) {
		return "no movie of the store belongs to a collection, and no titles tell of series"
	}
	return ""
}

// series lets series that titles tell of stand for collections where the store has none,
// and reports whether they do.
func (j *judge) series() bool {
	if hasCollections(j) {
		return false
	}
	rows := j.facts.Rows
	rows.Collections = make([]string, rows.Len())
	for _, group := range eval.Series(rows.Titles) {
		for _, row := range group {
			rows.Collections[row] = rows.Titles[group[0]]
		}
	}
	return hasCollections(j)
}

func noCosts(j *judge, _ *eval.Split) string {
	if !slices.ContainsFunc(j.facts.Rows.Costs, func(c float32) bool { return c > 0 }) {
		return "no movie of the store has a license cost"
	}
	return ""
}

func noLowRatings(j *judge, split *eval.Split) string {
	for _, u := range split.Train.Users {
		if len(lowRated(j, u.Seen)) > 0 {
			return ""
		}
	}
	return "nobody rated anything 2 of 5 or less"
}

func neverShown(*judge, *eval.Split) string {
	return "nothing of the past was shown by this server, so that nothing was passed over"
}

func neverDismissed(*judge, *eval.Split) string {
	return "the past has no dismissals; disliked works in the same way"
}

// lowRated returns the movies of a history that were rated 2 of 5 or less, newest first.
func lowRated(j *judge, seen []eval.Seen) []uint32 {
	var rows []uint32
	for _, s := range seen {
		if s.Rated && j.facts.Scale.Of5(float64(s.Rating)) <= 2 {
			rows = append(rows, s.Movie)
		}
	}
	return rows
}

// A turn is one setting of one knob, and what its lists held.
type turn struct {
	knob  string
	value float64
	knobs rank.Knobs

	mu     sync.Mutex
	listed []int   // row -> lists that hold it
	rated  int     // movies of lists that were held out and rated
	liked  float64 // sum of those ratings, of 5, in whole hundredths
}

func newTurn(knob string, value float64, k rank.Knobs, j *judge) *turn {
	return &turn{knob: knob, value: value, knobs: k, listed: make([]int, j.facts.Rows.Len())}
}

func (t *turn) name() string { return t.knob + " " + strconv.FormatFloat(t.value, 'g', -1, 64) }

// lists makes lists as a server does.
func (t *turn) lists(j *judge, snap *rank.Snapshot, split *eval.Split) eval.Explainer {
	data, truth := split.Train, make(map[catalog.UserID][]eval.Seen, len(split.Truth))
	for i, held := range split.Truth {
		truth[data.Users[i].User] = held
	}
	return func(_ context.Context, u catalog.UserID, train []eval.Seen, n int) (eval.Listing, error) {
		p := j.person(u)
		taste, _ := snap.TasteOf(data.History(train), nil, &t.knobs)
		list := snap.Recommend(rank.Request{
			Taste: taste, User: p, N: n, Now: endOfTime, Adult: snap.AdultAllowed(p, p.Age > 0), Knobs: &t.knobs, Seed: seedOf(u),
			Opinions: rank.Opinions{Disliked: lowRated(j, train)},
		})
		out := eval.Listing{Personal: list.Tier == rank.TierPersonal}
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, item := range list.Items {
			t.listed[item.Row]++
			out.Rows = append(out.Rows, item.Row)
		}
		for _, x := range truth[u] {
			if x.Rated && slices.Contains(out.Rows, x.Movie) {
				t.rated++
				t.liked += math.Round(100 * j.facts.Scale.Of5(float64(x.Rating))) // whole numbers add up alike in any order
			}
		}
		return out, nil
	}
}

// seedOf returns a seed for what is drawn for u.
func seedOf(u catalog.UserID) uint64 {
	h := fnv.New64a()
	h.Write([]byte(u)) // never fails
	return h.Sum64()
}

// row returns what the report says of t.
func (t *turn) row(r *eval.Report, snap *rank.Snapshot, n int) knobRow {
	at := func(name string) eval.Estimate {
		e, ok := r.Metric(t.name(), eval.MetricName(name, n))
		if !ok {
			e.Value = math.NaN()
		}
		return e
	}
	out := knobRow{
		Knob: t.knob, Value: t.value, NDCG: at("ndcg"), Coverage: at("coverage").Value, Gini: at("gini").Value, Diversity: at("diversity"),
		Popularity: t.mean(snap.Stats.Popularity), Cost: t.mean(snap.Movies.Costs), HitRating: t.liked / 100 / float64(max(t.rated, 1)),
	}
	for _, c := range r.Comparisons {
		if c.Model == t.name() {
			out.Difference = c.Metrics[eval.MetricName("ndcg", n)]
		}
	}
	return out
}

// mean returns the mean over all places of a figure of movies.
func (t *turn) mean(figure []float32) float64 {
	sum, places := 0.0, 0
	for row, n := range t.listed {
		if row < len(figure) {
			sum += float64(n) * float64(figure[row])
		}
		places += n
	}
	return sum / float64(max(places, 1))
}
