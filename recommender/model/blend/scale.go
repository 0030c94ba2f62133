package blend

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// Normalize puts scores on the common scale, that of the first rows of them: see the
// package. It reports false, and leaves them as they are, if those are all alike or
// none is known.
func Normalize(scores []float32, rows int, seen []model.Seen) bool {
	centre, unit, ok := scaleOf(momentsOf(scores[:rows], seen))
	if !ok {
		return false
	}
	vec.Asinh(scores, centre, unit)
	return true
}

// rarity returns how far each of rows movies lies below the mean of the logarithm
// of watchers, in standard deviations: high for what few watched. Movies behind
// those that histories name were watched by nobody.
func rarity(h model.Histories, rows int) []float32 {
	watchers := make([]int, rows)
	for _, row := range h.Rows {
		if int(row) < rows {
			watchers[row]++
		}
	}
	out := make([]float32, rows)
	var sum, squares float64
	for i, n := range watchers {
		x := math.Log1p(float64(n))
		out[i] = float32(x)
		sum += x
		squares += x * x
	}
	mean := sum / float64(max(1, rows))
	deviation := math.Sqrt(max(0, squares/float64(max(1, rows))-mean*mean))
	for i, x := range out {
		if deviation == 0 {
			out[i] = 0
		} else {
			out[i] = float32((mean - float64(x)) / deviation)
		}
	}
	return out
}
