package neural

import (
	"math"
	"math/rand/v2"
)

// weights are the network: a history becomes tanh(hidden + sum of rows of in),
// and a movie's score is that times its row of out, plus its bias.
type weights struct {
	width  int
	in     []float32 // [movies x width]
	hidden []float32 // [width]
	out    []float32 // [movies x width]
	bias   []float32 // [movies]
}

func newWeights(movies, width int) *weights {
	return &weights{
		width: width,
		in:    make([]float32, movies*width), hidden: make([]float32, width),
		out: make([]float32, movies*width), bias: make([]float32, movies),
	}
}

// begin returns small random weights, of the size that Glorot and Bengio give
// for a dense layer, but with an input of one movie: histories are scaled to
// length one. Biases begin at the logarithm of a movie's share of all watches,
// so that training need not learn popularity.
func begin(rng *rand.Rand, watchers []uint32, width int) *weights {
	w := newWeights(len(watchers), width)
	size := math.Sqrt(1 / float64(width))
	for i := range w.in {
		w.in[i] = float32(size * rng.NormFloat64())
	}
	for i := range w.out {
		w.out[i] = float32(0.1 * size * rng.NormFloat64())
	}
	for m, n := range watchers {
		w.bias[m] = float32(math.Log(float64(n) + 0.1))
	}
	return w
}

func (w *weights) inRow(m uint32) []float32 {
	return w.in[int(m)*w.width : (int(m)+1)*w.width]
}

func (w *weights) outRow(m uint32) []float32 {
	return w.out[int(m)*w.width : (int(m)+1)*w.width]
}
