package latent

import (
	"math"
	"slices"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/linear"
)

// An asked is one person, folded in.
type asked struct {
	model  *Model
	tables *tables
	x      []float32 // [width] along the axes, the implicit part included; and scratch
	bias   float64
	person linear.Person

	ridge   *linear.Ridge
	movies  []uint32
	weights []float32 // of rated movies: ones
	rows    []float32 // of them
	errors  []float32 // of the average person's predictions
	weighed []float32 // what the average person's factors say of each
}

func newAsked(m *Model) *asked {
	t := m.tables()
	return &asked{
		model: m, tables: t, x: make([]float32, t.factors.Room()), ridge: linear.NewRidge(m.width),
	}
}

// Ask is [model.Asker]'s. The person is the one of Score but for the rounding of factors
// to bytes: see [linear.Table]. Scores are off those of Score by 0.2% of themselves and of
// the deviation of all at most. It takes O(len(q.Seen)*factors) for each of some ten rounds.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a := m.asks.Get().(*asked)
	basis := a.find(q.Seen)
	a.person.Make(a.tables.factors, a.x[:m.width], m.unit, a.bias*m.unit)
	return a, basis
}

// find finds the person whose history is seen, as [fold.person] does.
func (a *asked) find(seen []model.Seen) model.Basis {
	m, basis := a.model, model.Everyone
	x := a.x[:m.width]
	copy(x, a.tables.average)
	a.bias = m.averageBias
	if m.implicit != nil && a.addImplicit(seen) {
		basis = model.Personal
	}
	a.movies, a.weights, a.errors = a.movies[:0], a.weights[:0], a.errors[:0]
	for _, s := range seen {
		if r, rated := m.rated(s); rated {
			a.movies, a.weights = append(a.movies, s.Movie), append(a.weights, 1)
			a.errors = append(a.errors, float32((r-float64(a.tables.factors.Bias(s.Movie)))/m.unit-a.bias))
		}
	}
	if len(a.movies) == 0 {
		return basis
	}
	a.rows = a.tables.factors.Read(a.rows, a.movies)
	a.weighed = slices.Grow(a.weighed[:0], len(a.movies))[:len(a.movies)]
	vec.DotRows(a.weighed, x, a.rows)
	for i, v := range a.weighed {
		a.errors[i] -= v
	}
	penalty := float32(m.foldReg + m.reg*float64(len(a.movies)))
	h := linear.History{Rows: a.rows, Weights: a.weights, Targets: a.errors, Penalty: penalty}
	if m.biased {
		h.Intercept = float32(m.foldBiasReg)
	}
	a.ridge.Solve(h)
	vec.Axpy(1, a.ridge.X, x)
	a.bias += float64(a.ridge.Intercept)
	return model.Personal
}

// addImplicit adds the implicit part of a history to x, and says whether any of its
// movies is known.
func (a *asked) addImplicit(seen []model.Seen) bool {
	a.movies, a.weights = a.movies[:0], a.weights[:0]
	for _, s := range seen {
		if int(s.Movie) < a.model.Len() && a.model.seen[s.Movie] {
			a.movies = append(a.movies, s.Movie)
		}
	}
	share := float32(1 / math.Sqrt(float64(max(1, len(a.movies)))))
	for range a.movies {
		a.weights = append(a.weights, share)
	}
	a.tables.implicit.Add(a.x, a.movies, a.weights)
	return len(a.movies) > 0
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) { a.person.ScoreRows(rows, scores) }

// Moments is [model.Asked]'s.
func (a *asked) Moments() model.Moments { return a.person.Moments() }

// Close is [model.Asked]'s.
func (a *asked) Close() { a.model.asks.Put(a) }

// rated returns the rating of s if it is one, of a movie that the model knows.
func (m *Model) rated(s model.Seen) (rating float64, ok bool) {
	r := float64(s.Rating)
	return r, s.Rated && int(s.Movie) < m.Len() && m.known[s.Movie] && r >= m.scale.Min && r <= m.scale.Max
}
