package neural

import (
	"math"
	"sync"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/linear"
)

// tables are the weights of movies, as bytes.
type tables struct {
	in, out *linear.Table // out with the biases; NaN for a movie that is not known
}

// lazily makes m pack its weights when it is asked for the first time.
func (m *Model) lazily() {
	m.tables = sync.OnceValue(func() tables {
		return tables{in: linear.Plain(m.w.in, m.w.width), out: linear.Turned(m.w.out, m.w.width, m.shift[:len(m.w.bias)])}
	})
}

// extended returns the tables of m, which was not extended, with the movies of x that are
// behind those of m.
func (m *Model) extended(x *Model) tables {
	t := m.tables()
	return tables{in: t.in.Extend(x.later.in, nil), out: t.out.Extend(x.later.out, x.shift[m.Len():])}
}

// An asked is one history, as its hidden layer.
type asked struct {
	model   *Model
	tables  tables
	movies  []uint32 // of the history, that are known
	weights []float32
	sum     []float32 // the hidden layer, and scratch
	hidden  []float32 // along the axes of the output matrix
	user    linear.Person
}

func newAsked(m *Model) *asked {
	t, width := m.tables(), m.w.width
	return &asked{model: m, tables: t, sum: make([]float32, t.in.Room()), hidden: make([]float32, width)}
}

// Ask is [model.Asker]'s. Weights are bytes: see [linear.Table]; scores are off
// those of Score by 0.5% of themselves and of the deviation of all at most, for most
// movies by a tenth of that. It takes one row of the
// input matrix a movie of the history, and as many operations as the hidden layer has
// pairs.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	a, ok := m.asks.Get().(*asked)
	if !ok {
		a = newAsked(m)
	}
	if !a.show(q) {
		m.asks.Put(a)
		return nil, model.None
	}
	return a, model.Personal
}

// show makes user of a history, as [Model.show] does.
func (a *asked) show(q model.Query) bool {
	m := a.model
	a.movies, a.weights = a.movies[:0], a.weights[:0]
	for _, e := range q.Seen {
		if int(e.Movie) < len(m.known) && m.known[e.Movie] {
			a.movies, a.weights = append(a.movies, e.Movie), append(a.weights, m.inputWeight(e.Preference(m.scale), len(a.weights)))
		}
	}
	if len(a.movies) == 0 {
		return false
	}
	toLengthOne(a.weights)
	h := a.sum[:m.w.width]
	copy(h, m.w.hidden)
	a.tables.in.Add(a.sum, a.movies, a.weights)
	squashAtOnce(a.sum[:m.w.width+1])
	a.tables.out.Turn(a.hidden, h)
	a.user.Make(a.tables.out, a.hidden, 1, 0)
	return true
}

// mostSquashed is twice a value whose hyperbolic tangent is 1 in float32.
const mostSquashed = 20

// expMost is exp(mostSquashed).
var expMost = float32(math.Exp(mostSquashed))

// squashAtOnce is [squash], but for 2e-7, of all values but the last, which is scratch:
// tanh(v) is 1-2/(1+exp(2v)), and exponentials of 100 values at once take what one alone
// does, a few times.
func squashAtOnce(h []float32) {
	last := len(h) - 1
	for j, v := range h[:last] {
		h[j] = min(2*v, mostSquashed)
	}
	h[last] = mostSquashed // what all exponentials are divided by
	vec.ExpSum(h)
	for j, v := range h[:last] {
		h[j] = 1 - 2/(1+v*expMost)
	}
}

// toLengthOne is [normalize] of weights alone.
func toLengthOne(weights []float32) {
	var square float64
	for _, w := range weights {
		square += float64(w) * float64(w)
	}
	if square > 0 {
		scale := float32(1 / math.Sqrt(square))
		for i := range weights {
			weights[i] *= scale
		}
	}
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) { a.user.ScoreRows(rows, scores) }

// Moments is [model.Asked]'s.
func (a *asked) Moments() model.Moments { return a.user.Moments() }

// Close is [model.Asked]'s.
func (a *asked) Close() { a.model.asks.Put(a) }
