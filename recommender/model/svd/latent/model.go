package latent

import (
	"fmt"
	"math"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A Model holds what was learned of movies. All numbers are in units of unit.
type Model struct {
	width       int // factors
	scale       catalog.Scale
	unit        float64
	mean        float64 // of all ratings
	start       float64 // mean, or 0 without biases
	biased      bool
	reg         float64
	foldReg     float64
	foldBiasReg float64

	averageBias float64
	average     []float32 // [width], the factors of people on average, without their implicit part

	known    []bool    // [movies], rated by someone
	bias     []float32 // [movies], 0 where not known
	factors  []float32 // [movies x width], zeros where not known
	seen     []bool    // [movies], rated or watched by someone who rated something
	implicit []float32 // [movies x width], zeros where not seen; nil without

	base []float32 // [movies], start plus bias; NaN where not known
	pool *sync.Pool
	asks *sync.Pool // of *asked

	tables func() *tables
}

// mostFactor is far above any factor of use, and low enough that no sum of
// products of a fold leaves float32.
const mostFactor = 1e3

// arrange makes what follows from the rest, and checks the numbers.
func (m *Model) arrange() error {
	for _, column := range [][]float32{m.average, m.bias, m.factors, m.implicit, {float32(m.averageBias), float32(m.mean / 1e3)}} {
		for _, v := range column {
			if !(v >= -mostFactor && v <= mostFactor) {
				return fmt.Errorf("a factor is %v, want %v to %v", v, -mostFactor, mostFactor)
			}
		}
	}
	m.base = make([]float32, len(m.bias))
	for i, b := range m.bias {
		m.base[i] = float32(math.NaN())
		if m.known[i] {
			m.base[i] = float32(m.start) + b
		}
	}
	m.pool = &sync.Pool{New: func() any { return newFold(m.width) }}
	m.asks = &sync.Pool{New: func() any { return newAsked(m) }}
	m.tables = sync.OnceValue(m.pack)
	return nil
}

func (m *Model) row(movie uint32) []float32 { return m.factors[int(movie)*m.width:][:m.width] }

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.known) }

// rating returns v, in units, as a rating within the scale.
func (m *Model) rating(v float64) float32 {
	return float32(min(m.scale.Max, max(m.scale.Min, v*m.unit)))
}

// Score writes the rating that each movie can expect of q, not bound to the
// scale: NaN for movies that nobody rated. It takes O(len(q.Seen)*factors) for
// each of some ten rounds of the fold, and O(Len*factors); BenchmarkScore has
// the time.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	f := m.pool.Get().(*fold)
	defer m.pool.Put(f)
	basis := f.person(m, q.Seen)
	vec.DotRows(scores, f.x, m.factors)
	bias, unit := float32(f.bias), float32(m.unit)
	for i, b := range m.base {
		scores[i] = (scores[i] + (b + bias)) * unit
	}
	return basis
}

// Predict writes the ratings that can be expected of q, within the scale. A movie
// that nobody rated is given the person's own mean.
func (m *Model) Predict(q model.Query, movies []uint32, ratings []float32) {
	f := m.pool.Get().(*fold)
	defer m.pool.Put(f)
	f.person(m, q.Seen)
	for i, movie := range movies {
		switch {
		case int(movie) < m.Len() && m.known[movie]:
			ratings[i] = m.rating(float64(m.base[movie]) + f.bias + float64(vec.Dot(f.x, m.row(movie))))
		case m.biased:
			ratings[i] = m.rating(m.start + f.bias)
		default:
			ratings[i] = m.rating(m.mean)
		}
	}
}
