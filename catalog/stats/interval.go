package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// ShareInterval returns the interval of Wilson for the share of which count of n
// observations were seen (Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 22, 1927). Unlike the usual one it is sound for
// shares near 0 and 1. NaN for no observations.
func ShareInterval(count, n, confidence float64) (low, high float64) {
	if !(n > 0) || !(count >= 0) || count > n {
		return nan, nan
	}
	z := normalQuantile(confidence)
	p := count / n
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	margin := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-margin), min(1, middle+margin)
}

// normalQuantile returns how many standard deviations to either side of the mean
// hold the given share of a normal distribution.
func normalQuantile(confidence float64) float64 {
	return distuv.UnitNormal.Quantile(1 - (1-confidence)/2)
}

// CountInterval returns an interval of a statistic of two sets of counts, such as
// [PSI] or [CramersV], by the basic bootstrap (Davison and Hinkley, "Bootstrap
// methods and their application", 1997, 5.2): both sides are drawn anew, rounds
// times, from their own shares, and the quantiles of what comes out mirrored about
// the statistic, which takes its upward bias out. The interval does not go below
// 0. The same seed gives the same interval; it takes O(rounds * bins).
func CountInterval(a, b []float64, statistic func(a, b []float64) float64, confidence float64, rounds int, seed uint64) (low, high float64) {
	here := statistic(a, b)
	if math.IsNaN(here) || rounds < 1 {
		return nan, nan
	}
	src := rand.NewPCG(seed, 0xda942042e4dd58b5)
	drawn := make([]float64, rounds)
	for i := range drawn {
		drawn[i] = statistic(redraw(a, src), redraw(b, src))
	}
	slices.Sort(drawn)
	tail := (1 - confidence) / 2
	low = 2*here - stat.Quantile(1-tail, stat.Empirical, drawn, nil)
	high = 2*here - stat.Quantile(tail, stat.Empirical, drawn, nil)
	return max(0, low), max(0, high)
}

// redraw draws as many observations as counts has, by its shares: a multinomial
// variable, as a chain of binomial ones.
func redraw(counts []float64, src rand.Source) []float64 {
	left, shares := math.Round(floats.Sum(counts)), floats.Sum(counts)
	out := make([]float64, len(counts))
	for i, c := range counts {
		if left <= 0 || c <= 0 {
			continue
		}
		if c >= shares {
			out[i] = left
			break
		}
		out[i] = distuv.Binomial{N: left, P: c / shares, Src: src}.Rand()
		left -= out[i]
		shares -= c
	}
	return out
}
