package stats

import (
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// A Sample is a set of numbers: distinct or repeated values in ascending order,
// and how often each was seen. The zero Sample is empty.
type Sample struct {
	Values  []float64 // ascending, finite
	Weights []float64 // counts, as many as Values, above 0
}

// NewSample returns the sample of values, which may be in any order and must be
// finite. It keeps a copy.
func NewSample(values ...float64) Sample {
	v := slices.Clone(values)
	slices.Sort(v)
	w := make([]float64, len(v))
	for i := range w {
		w[i] = 1
	}
	return Sample{v, w}
}

// N returns the number of observations.
func (s Sample) N() float64 { return floats.Sum(s.Weights) }

// Quantile returns the smallest value that at least the share p of the
// observations do not exceed, for p from 0 to 1; NaN for an empty sample.
func (s Sample) Quantile(p float64) float64 {
	if len(s.Values) == 0 {
		return nan
	}
	return stat.Quantile(min(1, max(0, p)), stat.Empirical, s.Values, s.Weights)
}

// Mean returns the mean, NaN for an empty sample.
func (s Sample) Mean() float64 {
	if len(s.Values) == 0 {
		return nan
	}
	return stat.Mean(s.Values, s.Weights)
}

// variance returns the unbiased variance; 0 of one observation, NaN of none.
func (s Sample) variance() float64 {
	n := s.N()
	switch {
	case n == 0:
		return nan
	case n <= 1 || s.Values[0] == s.Values[len(s.Values)-1]:
		return 0
	}
	_, v := stat.PopMeanVariance(s.Values, s.Weights)
	return v * n / (n - 1)
}

// Below returns the share of observations that are at most v; NaN for an empty
// sample.
func (s Sample) Below(v float64) float64 {
	if len(s.Values) == 0 {
		return nan
	}
	var below float64
	for i, x := range s.Values {
		if x > v {
			break
		}
		below += s.Weights[i]
	}
	return below / s.N()
}
