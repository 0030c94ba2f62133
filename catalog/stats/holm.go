package stats

import (
	"cmp"
	"math"
	"slices"
)

// Holm returns the p-values corrected for their number: rejecting what stays
// below alpha makes a single false rejection among all no more probable than
// alpha, whatever depends on what (Holm, "A simple sequentially rejective multiple
// test procedure", Scandinavian Journal of Statistics 6(2), 1979). A NaN is a test
// that was not made: it stays NaN and does not count.
func Holm(p []float64) []float64 {
	out := make([]float64, len(p))
	var order []int
	for i, v := range p {
		out[i] = nan
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(order)-rank)))
		out[i] = highest
	}
	return out
}
