package quality

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// A feature is something that may drift.
type feature struct {
	name  string
	kind  Kind // KindNumber or KindCategory
	unit  string
	about string
}

const featureHour = "hour_of_day"

// Places of the features in [features].
const (
	onRating = iota
	onMinute
	onShare
	onWatches
	onYear
	onVotes
	onRuntime
	onAge
	onHour
	onGenres
	onLanguage
	onGender
	onOccupation
	onEvent
	featureCount
)

// features are all that are compared. Those of people count everyone who was
// active in a window once; those of movies count a movie once for each person who
// watched or rated it.
var features = [featureCount]feature{
	onRating:     {"rating", KindNumber, "rating", "values of ratings"},
	onMinute:     {"minute", KindNumber, "minute", "furthest minutes of watches"},
	onShare:      {"share_watched", KindNumber, "share of the runtime", "shares watched, where the runtime is known"},
	onWatches:    {"watches_per_person", KindNumber, "watches", "watches of each person who watched or rated"},
	onYear:       {"movie_year", KindNumber, "year", "years of the movies watched or rated"},
	onVotes:      {"vote_average", KindNumber, "of 10", "outside vote averages of the movies watched or rated"},
	onRuntime:    {"runtime", KindNumber, "minutes", "runtimes of the movies watched or rated"},
	onAge:        {"user_age", KindNumber, "years", "ages of people who watched or rated"},
	onHour:       {featureHour, KindNumber, "hour (UTC)", "hours of last minutes and of ratings"},
	onGenres:     {"genres", KindCategory, "", "genres of the movies watched or rated, each of a movie's"},
	onLanguage:   {"language", KindCategory, "", "languages of the movies watched or rated"},
	onGender:     {"gender", KindCategory, "", "genders of people who watched or rated"},
	onOccupation: {"occupation", KindCategory, "", "occupations of people who watched or rated"},
	onEvent:      {"event_kind", KindCategory, "", "watches, ratings and sign-ups"},
}

func featureNames() []string {
	var out []string
	for _, f := range features {
		out = append(out, f.name)
	}
	return out
}

// A windowProfile sums up the features of one window in bounded memory.
type windowProfile struct {
	window  Window
	numbers [featureCount]*stats.Numbers
	words   [featureCount]*stats.Top
	mine    [featureCount]int // observations of the person at hand
	people  [featureCount]stats.EffectiveN
	watched []catalog.MovieID // by the person at hand, ascending
	active  bool              // the person at hand watched or rated
}

func newWindowProfile(w Window, seed uint64) *windowProfile {
	p := &windowProfile{window: w}
	for i, f := range features {
		if f.kind == KindNumber {
			p.numbers[i] = stats.NewNumbers(seed + uint64(i))
		} else {
			p.words[i] = stats.NewTop(driftWords)
		}
	}
	return p
}

// maxEach is how many observations of a feature one person counts with, so that
// nobody outweighs all others.
const maxEach = 50

func (p *windowProfile) number(i int, v float64) {
	if p.mine[i] < maxEach {
		p.numbers[i].Add(v)
		p.mine[i]++
	}
}

// known adds a number of which 0 means unknown.
func (p *windowProfile) known(i int, v float64) {
	if v != 0 {
		p.number(i, v)
	}
}

func (p *windowProfile) word(i int, s string) {
	if s != "" && p.mine[i] < maxEach {
		p.words[i].Add(s)
		p.mine[i]++
	}
}

// total returns how many observations of a feature there are.
func (p *windowProfile) total(i int) int64 {
	if features[i].kind == KindNumber {
		return p.numbers[i].N()
	}
	return p.words[i].Total()
}

func (p *windowProfile) watch(w *catalog.Watch, m movieFact) {
	p.watched = append(p.watched, w.Movie)
	p.active = true
	p.number(onMinute, float64(w.Minute))
	if share, ok := w.Share(); ok {
		p.number(onShare, share)
	}
	p.hour(w.Last)
	p.word(onEvent, "watch")
	p.movie(m)
}

// movie counts a movie; the zero movieFact is one that the catalog lacks.
func (p *windowProfile) movie(m movieFact) {
	p.known(onYear, float64(m.year))
	p.known(onVotes, m.votes)
	p.known(onRuntime, float64(m.runtime))
	p.word(onLanguage, m.language)
	for _, g := range m.genres {
		p.word(onGenres, g)
	}
}

func (p *windowProfile) rating(r *catalog.Rating, m movieFact) {
	if _, counted := slices.BinarySearch(p.watched, r.Movie); !counted {
		p.movie(m)
	}
	p.active = true
	p.number(onRating, r.Value)
	p.hour(r.At)
	p.word(onEvent, "rating")
}

func (p *windowProfile) hour(t time.Time) { p.number(onHour, float64(t.UTC().Hour())) }

// left counts a person who was active.
func (p *windowProfile) left(who *person) {
	if p.active {
		p.number(onWatches, float64(len(p.watched)))
		if u := who.record; u != nil {
			p.known(onAge, float64(u.Age))
			p.word(onGender, u.Gender)
			p.word(onOccupation, u.Occupation)
		}
	}
	p.watched, p.active = p.watched[:0], false
	for i, n := range p.mine {
		p.people[i].Add(n)
		p.mine[i] = 0
	}
}

// A driftVisitor fills the two windows.
type driftVisitor struct {
	windows [2]*windowProfile
	movies  map[catalog.MovieID]movieFact
}

func (v *driftVisitor) user(*catalog.User) {}

func (v *driftVisitor) watch(w *catalog.Watch, _ *person) {
	for _, p := range v.windows {
		if p.window.Holds(w.Last) {
			p.watch(w, v.movies[w.Movie])
		}
	}
}

func (v *driftVisitor) rating(r *catalog.Rating, _ *person) {
	for _, p := range v.windows {
		if p.window.Holds(r.At) {
			p.rating(r, v.movies[r.Movie])
		}
	}
}

func (v *driftVisitor) account(a *catalog.Account, _ *person) {
	for _, p := range v.windows {
		if p.window.Holds(a.At) {
			p.word(onEvent, "sign-up")
		}
	}
}

func (v *driftVisitor) left(who *person) {
	for _, p := range v.windows {
		p.left(who)
	}
}

// others is the label of words that are not shown one by one.
const others = "(others)"

// align returns the words of both windows and how often each was seen in them, the
// most frequent of both together first; what only one of two bounded summaries
// lost, and what is beyond driftWords, is counted as one word.
func align(a, b *stats.Top) (labels []string, x, y []float64) {
	type pair struct{ x, y float64 }
	all := make(map[string]pair)
	for _, c := range a.Values(driftWords) {
		all[c.Value] = pair{x: float64(c.Count)}
	}
	for _, c := range b.Values(driftWords) {
		p := all[c.Value]
		p.y = float64(c.Count)
		all[c.Value] = p
	}
	labels = names(all)
	slices.SortStableFunc(labels, func(s, t string) int {
		return cmp.Compare(all[t].x+all[t].y, all[s].x+all[s].y)
	})
	labels = labels[:min(len(labels), driftWords)]
	restX, restY := float64(a.Total()), float64(b.Total())
	for _, l := range labels {
		x, y = append(x, all[l].x), append(y, all[l].y)
		restX, restY = restX-all[l].x, restY-all[l].y
	}
	if restX > 0 || restY > 0 {
		labels, x, y = append(labels, others), append(x, restX), append(y, restY)
	}
	return labels, x, y
}

// binLabel names the i-th bin between edges.
func binLabel(edges []float64, i int) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch {
	case len(edges) == 0:
		return "all"
	case i == 0:
		// The first border may lie just below the least value of the reference.
		if up := math.Nextafter(edges[0], math.Inf(1)); number(up) == number(edges[0]) && len(edges) > 1 && edges[1] == up {
			return "below " + number(edges[0])
		}
		return "to " + number(edges[0])
	case i == len(edges):
		return "above " + number(edges[i-1])
	case number(edges[i-1]) == number(edges[i]):
		return number(edges[i])
	}
	return fmt.Sprintf("above %s to %s", number(edges[i-1]), number(edges[i]))
}
