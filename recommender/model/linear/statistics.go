package linear

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// Statistics are the mean and the covariance of movies' rows and biases. From them
// the sum and the sum of squares of all scores follow for any person, exactly but for
// rounding: the scores x·row + bias have the mean x·mean(row) + mean(bias), and the
// variance of x'Cx + 2x·c + v, with C the covariance of rows, c that of rows and
// biases, v the variance of biases. It is centred, so that scores which lie close
// together far from 0 lose no digits.
type Statistics struct {
	n        float64
	mean     []float32 // [dims]
	spread   []float32 // [dims x dims], sums of products of centred rows; nil if only the diagonal is not 0
	diagonal []float32 // [dims], then
	cross    []float32 // [dims], likewise of rows and biases
	bias     float64   // mean
	variance float64   // sum of squares of centred biases
}

// block is how many rows are centred at a time.
const block = 512

// Measure returns the statistics of rows, [len(biases) x dims]. A row whose bias is
// NaN has no score, and does not count. It takes dims operations a value of rows.
func Measure(rows []float32, dims int, biases []float32) *Statistics {
	s := &Statistics{mean: make([]float32, dims), spread: make([]float32, dims*dims), cross: make([]float32, dims)}
	sums := make([]float64, dims)
	for i, b := range biases {
		if b != b {
			continue
		}
		s.n++
		s.bias += float64(b)
		for j, v := range rows[i*dims : (i+1)*dims] {
			sums[j] += float64(v)
		}
	}
	if s.n == 0 {
		return s
	}
	s.bias /= s.n
	for j, v := range sums {
		s.mean[j] = float32(v / s.n)
	}
	s.centre(rows, dims, biases)
	return s
}

// centre fills in what is made of centred rows.
func (s *Statistics) centre(rows []float32, dims int, biases []float32) {
	spread, cross := make([]float64, dims*dims), make([]float64, dims)
	part, held := make([]float32, dims*dims), make([]float32, 0, block*dims)
	add := func() {
		clear(part)
		vec.AddGram(part, held, dims)
		for i, v := range part {
			spread[i] += float64(v)
		}
		held = held[:0]
	}
	for i, b := range biases {
		if b != b {
			continue
		}
		off := float64(b) - s.bias
		s.variance += off * off
		at := len(held)
		held = append(held, rows[i*dims:(i+1)*dims]...)
		vec.Axpy(-1, s.mean, held[at:])
		for j, v := range held[at:] {
			cross[j] += off * float64(v)
		}
		if len(held) == block*dims {
			add()
		}
	}
	add()
	for i, v := range spread {
		s.spread[i] = float32(v)
	}
	for j, v := range cross {
		s.cross[j] = float32(v)
	}
}

// Of returns the moments of all scores x·row + bias + shift. scratch is [dims]. It
// takes dims² operations, or dims along the rows' own axes.
func (s *Statistics) Of(x []float32, shift float64, scratch []float32) model.Moments {
	if s.n == 0 {
		return model.Moments{}
	}
	if s.spread == nil {
		for j, v := range s.diagonal {
			scratch[j] = v * x[j]
		}
	} else {
		vec.MulSym(scratch, s.spread, x)
	}
	spread := float64(vec.Dot(x, scratch)) + 2*float64(vec.Dot(x, s.cross)) + s.variance
	mean := float64(vec.Dot(x, s.mean)) + s.bias + shift
	return model.Moments{N: s.n, Sum: s.n * mean, Squares: math.Max(0, spread) + s.n*mean*mean}
}
