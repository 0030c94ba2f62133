package popular

import (
	"marquee/recommender/model"
	"marquee/recommender/model/popular/group"
)

// An asked is one person's group.
type asked struct {
	group.Asked
	model *Model
}

// Ask is [model.Asker]'s. It takes the time of three look-ups, and a few for each row.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a, ok := m.asks.Get().(*asked)
	if !ok {
		a = &asked{model: m}
	}
	var basis model.Basis
	a.Asked, basis = m.stats.Ask(q.User)
	return a, basis
}

// Close is [model.Asked]'s.
func (a *asked) Close() { a.model.asks.Put(a) }
