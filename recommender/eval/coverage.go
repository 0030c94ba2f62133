package eval

import (
	"math"
	"slices"
)

// Coverage returns the share of a catalog of size movies that was listed at
// least once; shown holds how often each movie was. NaN if size is 0.
func Coverage(shown []int, size int) float64 {
	if size < 1 {
		return math.NaN()
	}
	n := 0
	for _, times := range shown {
		if times > 0 {
			n++
		}
	}
	return float64(n) / float64(size)
}

// Gini returns how unequally the movies of the catalog were listed: 0 if all
// were as often as each other, near 1 if one took every place. Movies that were
// never listed count. NaN if nothing was listed. It takes O(n log n).
func Gini(shown []int) float64 {
	sorted := slices.Clone(shown)
	slices.Sort(sorted)
	n := len(sorted)
	var sum, weighted float64
	for i, times := range sorted {
		sum += float64(times)
		weighted += float64(2*i+1-n) * float64(times)
	}
	if sum == 0 {
		return math.NaN()
	}
	return weighted / (float64(n) * sum)
}
