package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Ratio estimates a ratio of two means, such as lists accepted to lists shown, from
// pairs that are independent of each other, as those of different people are, however
// much depends within a pair. A mean is the ratio whose denominators are all 1. The zero
// Ratio is ready.
type Ratio struct {
	n                int
	y, x, yy, xy, xx float64
}

// Add adds one pair: a person's sum of what is counted, and of what it is counted by. A
// person with neither counts too.
func (r *Ratio) Add(y, x float64) {
	r.n++
	r.y, r.x = r.y+y, r.x+x
	r.yy, r.xy, r.xx = r.yy+y*y, r.xy+y*x, r.xx+x*x
}

// N returns the number of pairs.
func (r *Ratio) N() int { return r.n }

// Value returns the sum of the numerators by that of the denominators; NaN if that is 0.
func (r *Ratio) Value() float64 {
	if r.x == 0 {
		return nan
	}
	return r.y / r.x
}

// Unit returns the variance of one pair's part in [Ratio.Value]: that of y - value*x by
// the square of the mean of x. NaN with fewer than 2 pairs.
func (r *Ratio) Unit() float64 {
	if r.n < 2 || r.x == 0 {
		return nan
	}
	v, n := r.y/r.x, float64(r.n)
	squares := r.yy - 2*v*r.xy + v*v*r.xx // the mean of y - v*x is 0
	mean := r.x / n
	return max(0, squares) / (n - 1) / (mean * mean)
}

// Variance returns the variance of [Ratio.Value] by the delta method (Deng, Knoblich and
// Lu, "Applying the delta method in metric analytics", KDD 2018).
func (r *Ratio) Variance() float64 { return r.Unit() / float64(r.n) }

// NormalP returns the probability that a normal estimate of 0 with this variance lies at
// least as far from 0, on either side. NaN without a variance above 0.
func NormalP(estimate, variance float64) float64 {
	if !(variance > 0) || math.IsNaN(estimate) {
		return nan
	}
	return 2 * distuv.UnitNormal.Survival(math.Abs(estimate)/math.Sqrt(variance))
}

// NormalMargin returns half the length of the interval of a normal estimate with this
// variance.
func NormalMargin(variance, confidence float64) float64 {
	return normalQuantile(confidence) * math.Sqrt(variance)
}

// DetectableEffect returns the least true effect that a two-sided test at level alpha
// finds with the given power, when its estimate has this variance.
func DetectableEffect(variance, alpha, power float64) float64 {
	return (normalQuantile(1-alpha) + distuv.UnitNormal.Quantile(power)) * math.Sqrt(variance)
}
