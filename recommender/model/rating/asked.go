package rating

import (
	"slices"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/linear"
)

// tables are what is asked of a model, along the axes of the rows of taste, on which the
// prior does not depend: as bytes, see [linear.Table].
type tables struct {
	tastes *linear.Table // with the movies' parts of a rating
	groups [numTraits]trait
}

// pack makes the tables, when the model is asked for the first time.
func (m *Model) pack() *tables {
	t := &tables{tastes: linear.Turned(m.tastes, m.width, m.item)}
	for k, g := range m.groups {
		t.groups[k] = trait{names: g.names, weights: make([]float32, len(g.weights))}
		for at := 0; at < len(g.weights); at += m.width {
			t.tastes.Turn(t.groups[k].weights[at:at+m.width], g.weights[at:at+m.width])
		}
	}
	return t
}

// extended returns the tables of m with the movies of x that are behind those of m.
func (m *Model) extended(x *Model) *tables {
	t := *m.tables()
	t.tastes = t.tastes.Extend(x.tastes[m.Len()*m.width:], x.item[m.Len():])
	return &t
}

// An asked is one person, as weights of taste.
type asked struct {
	model   *Model
	tables  *tables
	weights []float32 // along the axes
	person  linear.Person
	ridge   *linear.Ridge
	movies  []uint32
	ones    []float32 // of rated movies
	rows    []float32 // of them
	targets []float32 // what the groups leave of their ratings
	said    []float32 // what the groups say of them
}

func newAsked(m *Model) *asked {
	return &asked{model: m, tables: m.tables(), weights: make([]float32, m.width), ridge: linear.NewRidge(m.width)}
}

// Ask is [model.Asker]'s. The weights are those of Score but for the rounding of rows to
// bytes: see [linear.Table]. Scores are off those of Score by 0.2% of themselves and of
// the deviation of all at most. It takes O(len(q.Seen)*width) for each of some ten rounds.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a, ok := m.chosen.Get().(*asked)
	if !ok {
		a = newAsked(m)
	}
	basis := a.know(q)
	a.person.Make(a.tables.tastes, a.weights, 1, 0)
	return a, basis
}

// know finds the weights of q, as [Model.know] does.
func (a *asked) know(q model.Query) model.Basis {
	m := a.model
	basis := join(q.User, &a.tables.groups, a.weights)
	a.movies, a.ones, a.targets = a.movies[:0], a.ones[:0], a.targets[:0]
	for _, s := range q.Seen {
		if above, rated := m.above(s); rated {
			a.movies, a.ones = append(a.movies, s.Movie), append(a.ones, 1)
			a.targets = append(a.targets, above)
		}
	}
	if len(a.movies) == 0 {
		return basis
	}
	a.rows = a.tables.tastes.Read(a.rows, a.movies)
	a.said = slices.Grow(a.said[:0], len(a.movies))[:len(a.movies)]
	vec.DotRows(a.said, a.weights, a.rows)
	for i, v := range a.said {
		a.targets[i] -= v
	}
	a.ridge.Solve(linear.History{Rows: a.rows, Weights: a.ones, Targets: a.targets, Penalty: 1})
	vec.Axpy(1, a.ridge.X, a.weights)
	return model.Personal
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) { a.person.ScoreRows(rows, scores) }

// Moments is [model.Asked]'s.
func (a *asked) Moments() model.Moments { return a.person.Moments() }

// Close is [model.Asked]'s.
func (a *asked) Close() { a.model.chosen.Put(a) }
