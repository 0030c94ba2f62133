package rates

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// poissonLike is the dispersion below which a count is taken for one of Poisson.
const poissonLike = 1 + 1e-6

// atLeast returns the probability of y or more by a negative binomial of that mean, above
// 0, and that variance over the mean, by the regularised incomplete beta function.
func atLeast(y, mean, dispersion float64) float64 {
	if y <= 0 {
		return 1
	}
	if dispersion < poissonLike {
		return mathext.GammaIncReg(y, mean)
	}
	return mathext.RegIncBeta(y, mean/(dispersion-1), 1-1/dispersion)
}

// atMost returns the probability of y or less.
func atMost(y, mean, dispersion float64) float64 {
	if dispersion < poissonLike {
		return mathext.GammaIncRegComp(y+1, mean)
	}
	return mathext.RegIncBeta(mean/(dispersion-1), y+1, 1/dispersion)
}

// atMostOf returns the larger of that and the tail of the normal: counts whose variance
// comes from elsewhere are less skewed, and fall further than a negative binomial does.
func atMostOf(y, mean, dispersion float64) float64 {
	return max(atMost(y, mean, dispersion), distuv.UnitNormal.CDF((y-mean)/math.Sqrt(dispersion*mean)))
}

// widened returns what a tail p of a known dispersion comes to if the dispersion is an
// estimate of so many degrees of freedom: the tail of Student's t at the normal quantile
// of p, as for a quasi-likelihood.
func widened(p, freedom float64) float64 {
	if math.IsInf(freedom, 1) || p >= 0.5 {
		return p
	}
	z := math.Sqrt2 * math.Erfcinv(2*max(p, math.SmallestNonzeroFloat64*1e20))
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Survival(z)
}
