package userknn

import (
	"math/bits"
	"slices"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
	"marquee/recommender/model/itemknn/alike"
	"marquee/recommender/model/popular/group"
)

// An asked is one history, and what the people most like it watched.
type asked struct {
	*scratch
	board *board.Board[uint32]

	crowd    *crowd // nil if people are compared as for Score
	chosen   []alike.Near
	speakers []speaker

	grouped bool        // the history is thin, or like nobody's
	group   group.Asked // then
}

// A speaker is one of the people most alike, and what they watched.
type speaker struct {
	rows        []uint32
	preferences []uint8
	say         float32
}

// Ask is [model.Asker]'s. It compares fewer movies and meets fewer people than Score:
// see [Config.AskHistory]; scores and moments are what Score would say with as few.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a, ok := m.asks.Get().(*asked)
	if !ok {
		a = m.newAsked()
	}
	a.ask(q)
	if a.grouped = len(a.asked) < m.c.Least || !a.speak(); a.grouped {
		var basis model.Basis
		a.group, basis = m.groups.Ask(q.User)
		return a, basis
	}
	return a, model.Personal
}

func (m *Model) newAsked() *asked {
	a := &asked{board: board.New[uint32](m.Len())}
	if m.heads != nil {
		a.scratch, a.crowd = &scratch{Model: m}, newCrowd(m)
	} else {
		a.scratch = newScratch(m)
	}
	a.history, a.met = m.c.AskHistory, m.c.AskPeople
	return a
}

// speak gives the movies of the people most alike their points, and reports whether
// there are any.
func (a *asked) speak() bool {
	a.chosen = a.chosen[:0]
	if a.crowd != nil {
		a.choose(a.crowd.meet(a.compared(), &a.people.like, a.fade))
	} else {
		a.best.Start(a.c.K)
		a.meet(func(place uint32, similarity float32) { a.best.Offer(place, similarity) })
		a.chosen = append(a.chosen, a.best.Kept()...)
	}
	a.listen()
	values := (*[vec.Codes]float32)(a.Model.say[:])
	for i, s := range a.speakers {
		if next := i + ahead; next < len(a.speakers) {
			a.speakers[next].fetch()
		}
		board.AddCoded(a.board, s.rows, s.preferences, values, s.say)
	}
	return len(a.speakers) > 0
}

// ahead is how many speakers ahead memory is asked for what they watched.
const ahead = 8

func (s *speaker) fetch() {
	vec.Fetch(s.rows)
	vec.Fetch(s.preferences)
}

// listen makes those chosen speakers. Where their histories stand is read of all before
// any history is, so that those reads are under way at once: they lie anywhere in memory.
func (a *asked) listen() {
	a.speakers = a.speakers[:0]
	for _, n := range a.chosen {
		rows, preferences := a.people.of(n.Row)
		if most := a.c.AskSpoken; most > 0 && most < len(rows) {
			rows, preferences = rows[:most], preferences[:most]
		}
		a.speakers = append(a.speakers, speaker{rows, preferences, sharpen(n.Score, a.c.Sharpness)})
	}
	for i := range a.speakers[:min(ahead, len(a.speakers))] {
		a.speakers[i].fetch()
	}
}

// choose chooses the K people most alike: those that a heap of all would keep. Once the
// likeness of the K-th is narrowed down, those above are in, and only those within are
// compared with one another.
func (a *asked) choose(most float32) {
	c := a.crowd
	if !(most > 0) {
		return
	}
	c.masks = slices.Grow(c.masks[:0], (len(c.similar)+63)/64)[:(len(c.similar)+63)/64]
	high, sure := vec.NarrowNth(c.masks, c.similar, a.c.K, 2*most, halvings)
	a.best.Start(a.c.K - sure)
	for i, word := range c.masks {
		for ; word != 0; word &= word - 1 {
			at := i*64 + bits.TrailingZeros64(word)
			switch s := c.similar[at]; {
			case s >= high:
				a.chosen = append(a.chosen, alike.Near{Row: c.met[at], Score: s})
			case s > 0:
				a.best.Offer(c.met[at], s)
			}
		}
	}
	a.chosen = append(a.chosen, a.best.Kept()...)
}

// halvings narrow the likeness of the K-th down to a thousandth of the most.
const halvings = 11

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) {
	if a.grouped {
		a.group.ScoreRows(rows, scores)
		return
	}
	a.board.ScoreRows(rows, scores, a.blanks)
}

// Moments is [model.Asked]'s.
func (a *asked) Moments() model.Moments {
	if a.grouped {
		return a.group.Moments()
	}
	return a.board.Moments(a.watched)
}

// Close is [model.Asked]'s.
func (a *asked) Close() {
	a.board.Clean()
	a.asks.Put(a)
}
