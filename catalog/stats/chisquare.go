package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// LeastExpected is the least expected count of a cell of a chi-square test
// (Cochran, "Some methods for strengthening the common chi-square tests",
// Biometrics 10(4), 1954).
const LeastExpected = 5

// The reading of [CramersV] between two samples. For two samples of one size PSI
// is about 4 V^2, so these are where it reaches 0.1 and 0.25.
const (
	CramersModerate = 0.16
	CramersLarge    = 0.25
)

// A ChiSquare is the outcome of a test of [Homogeneity].
type ChiSquare struct {
	Statistic float64
	DF        int     // degrees of freedom: cells left less 1
	P         float64 // probability of at least so great a statistic if both are of one distribution
	V         float64 // Cramér's V of the cells left, 0 to 1
	Pooled    int     // how many rare cells were put together
}

// Homogeneity tests whether two sets of counts over the same categories come from
// one distribution, by Pearson's chi-square statistic without a continuity
// correction, as R's chisq.test with correct=FALSE. Cells whose expected count is
// below [LeastExpected] on either side are put together, with the least of the
// others if they are still too few. Both sides empty or of different lengths give
// NaN; one cell alone gives a statistic of 0, a p-value of 1.
func Homogeneity(a, b []float64) ChiSquare {
	x, y := usedCells(a, b)
	n, m := floats.Sum(x), floats.Sum(y)
	if n == 0 || m == 0 {
		return ChiSquare{Statistic: nan, P: nan, V: nan}
	}
	x, y, pooled := poolRare(x, y, min(n, m)/(n+m))
	out := ChiSquare{DF: len(x) - 1, P: 1, Pooled: pooled}
	if out.DF == 0 {
		return out
	}
	observed := append(slices.Clone(x), y...)
	expected := make([]float64, len(observed))
	for i := range x {
		column := x[i] + y[i]
		expected[i], expected[len(x)+i] = column*n/(n+m), column*m/(n+m)
	}
	out.Statistic = stat.ChiSquare(observed, expected)
	out.P = distuv.ChiSquared{K: float64(out.DF)}.Survival(out.Statistic)
	out.V = math.Sqrt(out.Statistic / (n + m))
	return out
}

// poolRare puts cells together whose expected count on the smaller side, a share
// of the whole, is too low. The cell of all others comes last.
func poolRare(x, y []float64, share float64) (px, py []float64, pooled int) {
	var ox, oy float64
	for i := range x {
		if (x[i]+y[i])*share < LeastExpected {
			ox, oy = ox+x[i], oy+y[i]
			pooled++
			continue
		}
		px, py = append(px, x[i]), append(py, y[i])
	}
	if pooled == 0 {
		return px, py, 0
	}
	if (ox+oy)*share < LeastExpected && len(px) > 0 {
		least := 0
		for i := range px {
			if px[i]+py[i] < px[least]+py[least] {
				least = i
			}
		}
		px[least], py[least] = px[least]+ox, py[least]+oy
		return px, py, pooled + 1
	}
	return append(px, ox), append(py, oy), pooled
}

// CramersV returns Cramér's V of two sets of counts, as [Homogeneity] does.
func CramersV(a, b []float64) float64 { return Homogeneity(a, b).V }
