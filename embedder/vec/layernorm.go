package vec

import (
	"fmt"
	"math"
)

// AddLayerNorm replaces x by the layer normalisation of x + y (Ba, Kiros and
// Hinton 2016): shifted to mean 0, scaled to variance 1, times gain, plus shift,
// all of x's length, which is at least 1. epsilon is added to the variance. The
// mean is taken off before squaring, so that a large mean costs no digits.
func AddLayerNorm(x, y, gain, shift []float32, epsilon float32) {
	if n := len(x); n == 0 || len(y) != n || len(gain) != n || len(shift) != n {
		panic(fmt.Sprintf("vec: AddLayerNorm of %d, %d, %d, %d values, want equal lengths, at least 1",
			n, len(y), len(gain), len(shift)))
	}
	addLayerNorm(x, y, gain, shift, epsilon)
}

func addLayerNormGo(x, y, gain, shift []float32, epsilon float32) {
	var sum float32
	for i, v := range y {
		x[i] += v
		sum += x[i]
	}
	mean := sum / float32(len(x))
	var squares float32
	for i := range x {
		x[i] -= mean
		squares += x[i] * x[i]
	}
	scale := inverseDeviation(squares, len(x), epsilon)
	for i := range x {
		x[i] = x[i]*scale*gain[i] + shift[i]
	}
}

func inverseDeviation(squares float32, n int, epsilon float32) float32 {
	return float32(1 / math.Sqrt(float64(squares)/float64(n)+float64(epsilon)))
}
