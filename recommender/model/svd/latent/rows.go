package latent

import (
	"math/rand/v2"

	"marquee/embedder/vec"
)

// rows are vectors, each kept as a scale times a row of values. A step of the
// descent shrinks a vector and adds another to it: here that is one
// multiplication and one vec.Axpy.
type rows struct {
	width  int
	values []float32 // [n x width]
	scales []float32 // [n]
}

// leastScale is where a scale is multiplied into its row: far above where
// float32 loses digits, and seldom reached.
const leastScale = 1.0 / 1024

func newRows(rng *rand.Rand, n int, c Config) rows {
	r := rows{width: c.Factors, values: make([]float32, n*c.Factors), scales: make([]float32, n)}
	for i := range r.values {
		r.values[i] = float32(c.InitMean + c.InitStd*rng.NormFloat64())
	}
	for i := range r.scales {
		r.scales[i] = 1
	}
	return r
}

// row returns the values of row i, without its scale.
func (r rows) row(i uint32) []float32 {
	at := int(i) * r.width
	return r.values[at : at+r.width : at+r.width]
}

// addTo adds alpha times row i to y.
func (r rows) addTo(y []float32, alpha float32, i uint32) {
	vec.Axpy(alpha*r.scales[i], r.row(i), y)
}

// step makes row i shrink*row + alpha*x.
func (r rows) step(i uint32, shrink, alpha float32, x []float32) {
	r.scales[i] *= shrink
	if s := r.scales[i]; s < leastScale {
		multiply(r.row(i), s)
		r.scales[i] = 1
	}
	vec.Axpy(alpha/r.scales[i], x, r.row(i))
}

// plain returns the rows with their scales multiplied in; rows that keep refuses
// are zeros.
func (r rows) plain(keep []bool) []float32 {
	for i, k := range keep {
		if k {
			multiply(r.row(uint32(i)), r.scales[i])
		} else {
			clear(r.row(uint32(i)))
		}
		r.scales[i] = 1
	}
	return r.values
}

func multiply(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}
