package analysis

import (
	"cmp"
	"math"
	"slices"
	"time"

	"marquee/catalog"
)

// A person is one who takes part in an experiment.
type person struct {
	id      catalog.UserID
	group   int   // the arm, or 0 where everybody gets the same
	crossed bool  // was in two arms
	first   int64 // list, in microseconds since 1970
	events  []event
	paid    int // how many of events are in during.cost

	before, during tally
	credit         [2]float32 // movies watched of what each arm contributed, when interleaved
	chosen         []uint32   // those movies, and those that neither contributed
}

// An event is that a person began to watch a movie, or rated it without.
type event struct {
	at       int64
	movie    uint32
	share    float32 // NaN if unknown
	rating   float32 // NaN if there is none
	watched  bool
	credited bool // to a list
}

var unknown = float32(math.NaN())

// within returns the events after at and not after at+window.
func (p *person) within(at int64, window time.Duration) []event {
	after := func(e event, t int64) int { return cmp.Compare(e.at, t) }
	from, _ := slices.BinarySearchFunc(p.events, at+1, after)
	to, _ := slices.BinarySearchFunc(p.events, at+window.Microseconds()+1, after)
	return p.events[from:to]
}

// rate adds a rating to what was watched; the movie of one that was not is taken for
// watched when it was rated. A rating from the start or later is not that of what was
// watched before: it may come of the experiment.
func (p *person) rate(movie uint32, rating float32, at, start int64) {
	for i := range p.events {
		if e := &p.events[i]; e.movie == movie && e.watched {
			if at < start || e.at >= start {
				e.rating = rating
			}
			return
		}
	}
	p.events = append(p.events, event{at: at, movie: movie, share: unknown, rating: rating})
}

// week is in microseconds.
const week = float64(7 * 24 * time.Hour / time.Microsecond)

// pay adds the licenses of what p watched after their first list and not after at, and
// says how long that was. Sums by time do not grow with the experiment, as sums alone do:
// so the spread of a sequence that fits the first looks fits the later ones.
func (p *person) pay(at int64, costs []float32) {
	p.during.weeks = float32(float64(at-p.first) / week)
	for ; p.paid < len(p.events) && p.events[p.paid].at <= at; p.paid++ {
		if e := p.events[p.paid]; e.watched && e.at > p.first {
			p.during.cost += costs[e.movie]
		}
	}
}
