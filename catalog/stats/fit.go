package stats

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Fit tests whether counts are drawn by the given weights, by Pearson's chi-square
// statistic, as R's chisq.test with p. Weights need not add up to 1 and must be above 0.
// V is the effect size w of Cohen. It is NaN without counts, with other than as many
// weights, and where an expected count is below [LeastExpected].
func Fit(counts, weights []float64) ChiSquare {
	n, whole := floats.Sum(counts), floats.Sum(weights)
	none := ChiSquare{Statistic: nan, DF: max(0, len(counts)-1), P: nan, V: nan}
	if len(counts) != len(weights) || len(counts) < 2 || !(n > 0) || !(whole > 0) {
		return none
	}
	expected := make([]float64, len(counts))
	for i, w := range weights {
		expected[i] = n * w / whole
		if !(expected[i] >= LeastExpected) {
			return none
		}
	}
	out := none
	out.Statistic = stat.ChiSquare(counts, expected)
	out.P = distuv.ChiSquared{K: float64(out.DF)}.Survival(out.Statistic)
	out.V = math.Sqrt(out.Statistic / n)
	return out
}
