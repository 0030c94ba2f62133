package precomputed

import (
	"math"

	"marquee/recommender/model"
)

// An asked is one person's list.
type asked struct {
	model   *Model
	scores  []float32 // [movies]: 0 for movies that are not on it
	list    []uint32
	moments model.Moments
}

// Ask is [model.Asker]'s. It takes time proportional to the list.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	if m.lists == nil {
		return nil, model.None
	}
	list, ok := m.lists.Of(q.User.ID)
	if !ok {
		return nil, model.None
	}
	a, held := m.asks.Get().(*asked)
	if !held {
		a = &asked{model: m, scores: make([]float32, m.movies)}
	}
	a.list, a.moments = list, model.Moments{}
	for i, row := range list {
		if int(row) >= m.movies || a.scores[row] > 0 {
			continue // unknown, or named before at a better place
		}
		a.scores[row] = 1 - float32(i)/float32(len(list))
		v := float64(a.scores[row])
		a.moments.N++
		a.moments.Sum += v
		a.moments.Squares += v * v
	}
	if a.moments.N == 0 {
		a.Close()
		return nil, model.None
	}
	return a, model.Personal
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) {
	for i, row := range rows {
		if scores[i] = a.scores[row]; scores[i] == 0 {
			scores[i] = float32(math.NaN())
		}
	}
}

// Moments is [model.Asked]'s.
func (a *asked) Moments() model.Moments { return a.moments }

// Close is [model.Asked]'s.
func (a *asked) Close() {
	for _, row := range a.list {
		if int(row) < len(a.scores) {
			a.scores[row] = 0
		}
	}
	a.list = nil
	a.model.asks.Put(a)
}
