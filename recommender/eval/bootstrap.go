package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval returns the percentile bootstrap interval of the mean of xs at
// [Level] (Efron, "Bootstrap methods: another look at the jackknife", 1979):
// people are drawn again with replacement, resamples times, and the ends are
// quantiles of the means. It is valid for means over people, and not for
// coverage or Gini, since a person drawn twice lists nothing new. With fewer
// than 2 values or no resamples both ends are NaN.
func Interval(xs []float64, resamples int, seed uint64) (low, high float64) {
	if len(xs) < 2 || resamples < 1 {
		return math.NaN(), math.NaN()
	}
	means := make([]float64, resamples)
	for b := range means {
		resampleMeans(means[b:b+1], xs, len(xs), seed, b)
	}
	return ends(means)
}

// resampleMeans draws n of the n rows of rows, [n x len(means)], with
// replacement and fills means with the mean of each column. Draw b of a seed is
// always the same, so that models are compared on the same people.
func resampleMeans(means, rows []float64, n int, seed uint64, b int) {
	r := rand.New(rand.NewPCG(mix(seed), mix(uint64(b))))
	width := len(means)
	clear(means)
	for range n {
		at := r.IntN(n) * width
		for i, x := range rows[at : at+width] {
			means[i] += x
		}
	}
	for i := range means {
		means[i] /= float64(n)
	}
}

// ends sorts replicates and returns the quantiles that leave (1-Level)/2 on
// either side.
func ends(replicates []float64) (low, high float64) {
	slices.Sort(replicates)
	return quantile(replicates, (1-Level)/2), quantile(replicates, (1+Level)/2)
}

// quantile interpolates between the two nearest of sorted: definition 7 of
// Hyndman and Fan, "Sample quantiles in statistical packages", 1996.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
