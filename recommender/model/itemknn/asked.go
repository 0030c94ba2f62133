package itemknn

import (
	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
)

// An asked is one history, whose neighbours have their points.
type asked struct {
	model *Model
	board *board.Board[uint32]
	lists []list
}

// A list is where the neighbours of a movie of the history stand, and what it says.
type list struct {
	from, to int64
	say      float32
}

// Ask is [model.Asker]'s. It takes time proportional to the neighbours of the history
// that count: see [Config.AskFloor]. Scores fall short of those of Score by less than
// that share of the most that one neighbour brings for each movie of the history;
// moments are those of such scores.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a := m.asks.Get().(*asked)
	a.lists = a.lists[:0]
	basis := m.each(q, func(from, to int64, say float32) {
		if from < to {
			a.lists = append(a.lists, list{from, to, say})
		}
	})
	if basis == model.None {
		a.Close()
		return nil, basis
	}
	a.add()
	return a, basis
}

// fetched is how many neighbours of each list are under way before the first list is
// read: they lie anywhere in memory, and what follows them comes by itself.
const fetched = 32

// add gives the neighbours their points, from each list down to the floor.
func (a *asked) add() {
	m := a.model
	for _, l := range a.lists {
		to := min(l.to, l.from+fetched)
		vec.Fetch(m.sharp[l.from:to])
		vec.Fetch(m.rows[l.from:to])
	}
	floor := float32(0)
	for _, l := range a.lists {
		floor = max(floor, l.say*m.sharp[l.from]*float32(m.c.AskFloor))
	}
	for _, l := range a.lists {
		least := float32(0)
		if floor > 0 {
			least = floor / l.say
		}
		a.board.AddDown(m.rows[l.from:l.to], m.sharp[l.from:l.to], l.say, least)
	}
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) {
	a.board.ScoreRows(rows, scores, a.model.blanks)
}

// Moments is [model.Asked]'s. A neighbour was watched, so that it is known.
func (a *asked) Moments() model.Moments { return a.board.Moments(a.model.watched) }

// Close is [model.Asked]'s.
func (a *asked) Close() {
	a.board.Clean()
	a.model.asks.Put(a)
}
