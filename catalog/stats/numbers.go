package stats

import (
	"maps"
	"math"
	"slices"
)

// Bounds of what a [Numbers] holds.
const (
	// MaxExactValues is how many distinct numbers are counted each on its own.
	// Ratings, minutes, years and ages stay below it, so their quantiles and tests
	// are exact.
	MaxExactValues = 4096
	// ReservoirSize is the size of the sample that stands for a stream with more
	// distinct numbers than that.
	ReservoirSize = 20_000
)

// Numbers sums up a stream of numbers in bounded memory, at most some 400 KB.
// Moments follow Welford, "Note on a method for calculating corrected sums of
// squares and products", Technometrics 4(3), 1962. Adding a number takes some 30
// ns.
type Numbers struct {
	n, odd   int64
	min, max float64
	mean, m2 float64
	exact    map[float64]int64 // nil once there were too many distinct numbers
	sample   *Reservoir
	distinct Distinct
}

// NewNumbers returns a summary of nothing. seed is that of the sample drawn from
// a long stream.
func NewNumbers(seed uint64) *Numbers {
	return &Numbers{min: nan, max: nan, exact: make(map[float64]int64), sample: NewReservoir(ReservoirSize, seed)}
}

// Add takes v into account. NaN and infinities are counted by [Numbers.Odd] and
// nothing else.
func (s *Numbers) Add(v float64) {
	if !finite(v) {
		s.odd++
		return
	}
	s.n++
	if s.n == 1 {
		s.min, s.max = v, v
	}
	s.min, s.max = min(s.min, v), max(s.max, v)
	step := v - s.mean
	s.mean += step / float64(s.n)
	s.m2 += step * (v - s.mean)
	s.sample.Add(v)
	if s.exact == nil {
		s.distinct.AddNumber(v)
		return
	}
	s.exact[v]++
	if len(s.exact) > MaxExactValues {
		for known := range s.exact {
			s.distinct.AddNumber(known)
		}
		s.exact = nil
	}
}

// N returns how many numbers there were.
func (s *Numbers) N() int64 { return s.n }

// Odd returns how many were NaN or infinite.
func (s *Numbers) Odd() int64 { return s.odd }

// Min returns the least number, NaN if there was none.
func (s *Numbers) Min() float64 { return s.min }

// Max returns the greatest number, NaN if there was none.
func (s *Numbers) Max() float64 { return s.max }

// Mean returns the mean, NaN if there was no number.
func (s *Numbers) Mean() float64 {
	if s.n == 0 {
		return nan
	}
	return s.mean
}

// StdDev returns the standard deviation of a sample (n-1 in the denominator),
// NaN below two numbers.
func (s *Numbers) StdDev() float64 {
	if s.n < 2 {
		return nan
	}
	return math.Sqrt(s.m2 / float64(s.n-1))
}

// Distinct returns how many different numbers there were, and whether that is
// exact; [Distinct] says how good it is otherwise.
func (s *Numbers) Distinct() (n int64, exact bool) {
	if s.exact != nil {
		return int64(len(s.exact)), true
	}
	return s.distinct.Count()
}

// Exact reports whether [Numbers.Sample] is the whole stream.
func (s *Numbers) Exact() bool { return s.exact != nil || s.n <= ReservoirSize }

// RankError returns how far, as a share of all ranks, a quantile of
// [Numbers.Sample] may lie from that of the stream, with 95% confidence: 0 if the
// sample is the whole stream, else by the inequality of Dvoretzky, Kiefer and
// Wolfowitz, 0.0096.
func (s *Numbers) RankError() float64 {
	if s.Exact() {
		return 0
	}
	return dkw(ReservoirSize, 0.95)
}

// Sample returns the stream, or a uniform sample of [ReservoirSize] numbers of
// it.
func (s *Numbers) Sample() Sample {
	if s.exact == nil {
		return NewSample(s.sample.held...)
	}
	values := slices.Sorted(maps.Keys(s.exact))
	weights := make([]float64, len(values))
	for i, v := range values {
		weights[i] = float64(s.exact[v])
	}
	return Sample{values, weights}
}
