package stats

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"
)

// Edges returns the borders between at most bins+2 bins that hold about as many
// observations of the reference each. Bin 0 holds what is at most the first
// border, bin i what is above border i-1 and at most border i, the last what is
// above all. A reference with at most bins distinct values gets a bin for each,
// and one on either side for what it never saw. An empty reference has no
// borders.
func Edges(reference Sample, bins int) []float64 {
	values := reference.Values
	if len(values) == 0 || bins < 1 {
		return nil
	}
	distinct := slices.Compact(slices.Clone(values))
	edges := distinct
	if len(distinct) > bins {
		edges = nil
		for i := 1; i < bins; i++ {
			if q := reference.Quantile(float64(i) / float64(bins)); len(edges) == 0 || q > edges[len(edges)-1] {
				edges = append(edges, q)
			}
		}
	}
	if edges[0] == values[0] { // else what lies below all of the reference would share a bin with its least value
		edges = slices.Insert(slices.Clone(edges), 0, math.Nextafter(values[0], math.Inf(-1)))
	}
	return edges
}

// Fill returns how many observations of s lie in each of the bins between edges,
// len(edges)+1 counts.
func Fill(s Sample, edges []float64) []float64 {
	counts := make([]float64, len(edges)+1)
	for i, v := range s.Values {
		counts[sort.SearchFloat64s(edges, v)] += s.Weights[i]
	}
	return counts
}

// The usual reading of a [PSI] (Siddiqi, "Credit risk scorecards", Wiley 2006).
const (
	PSIModerate = 0.10 // from here on something has moved
	PSILarge    = 0.25 // from here on it is another population
)

// psiPrior is added to every count of a [PSI].
const psiPrior = 0.5

// PSI returns the population stability index of two sets of counts over the same
// bins: the sum of (p-q) ln(p/q), which is Jeffreys' divergence. It is 0 for equal
// shares and has no upper bound. Bins that are empty on both sides are left out;
// to every other count 1/2 is added, so that an empty bin weighs what it would
// with half an observation in it: a fixed small number instead would make the
// index of a bin that lost its last observation depend on that choice alone. It is
// NaN if either side is empty, or the lengths differ.
func PSI(reference, current []float64) float64 {
	a, b := usedCells(reference, current)
	n, m := floats.Sum(a), floats.Sum(b)
	if n == 0 || m == 0 {
		return nan
	}
	k := float64(len(a))
	var sum float64
	for i := range a {
		p := (a[i] + psiPrior) / (n + psiPrior*k)
		q := (b[i] + psiPrior) / (m + psiPrior*k)
		sum += (p - q) * math.Log(p/q)
	}
	return sum
}

// PSICritical returns the [PSI] that two samples of n and m independent
// observations of one distribution exceed with probability alpha: (1/n + 1/m)
// times the quantile of the chi-square distribution with bins-1 degrees of freedom
// (Yurdakul and Naranjo, "Statistical properties of the population stability
// index", Journal of Risk Model Validation 14(4), 2020). 0 for one bin, NaN for
// an empty side.
func PSICritical(n, m float64, bins int, alpha float64) float64 {
	switch {
	case !(n > 0) || !(m > 0):
		return nan
	case bins < 2:
		return 0
	}
	return (1/n + 1/m) * distuv.ChiSquared{K: float64(bins - 1)}.Quantile(1-alpha)
}

// UsedBins returns how many bins hold anything on either side.
func UsedBins(reference, current []float64) int {
	a, _ := usedCells(reference, current)
	return len(a)
}

// usedCells returns the counts of the bins that are not empty on both sides; none
// if the lengths differ.
func usedCells(a, b []float64) (x, y []float64) {
	if len(a) != len(b) {
		return nil, nil
	}
	for i := range a {
		if a[i] > 0 || b[i] > 0 {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	return x, y
}
