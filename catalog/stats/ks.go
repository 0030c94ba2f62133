package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// The reading of a distance of [KolmogorovSmirnov]: a tenth of the people (or
// rows) have moved across one value, or a fifth have.
const (
	DistanceModerate = 0.10
	DistanceLarge    = 0.20
)

// KolmogorovSmirnov returns the greatest distance between the two empirical
// distribution functions, 0 to 1, and the probability that samples of one
// continuous distribution lie at least so far apart: the limit distribution of
// Kolmogorov (1933) and Smirnov (1939), as R's ks.test with exact=FALSE. With
// ties, as among ratings, the true probability is lower: the test is
// conservative. Observations must be independent. Both are NaN if a sample is
// empty. It takes O(n+m).
func KolmogorovSmirnov(a, b Sample) (d, p float64) {
	n, m := a.N(), b.N()
	if n == 0 || m == 0 {
		return nan, nan
	}
	d = min(1, stat.KolmogorovSmirnov(a.Values, a.Weights, b.Values, b.Weights)) // sums of shares may round to more
	return d, KolmogorovP(d, n, m)
}

// KolmogorovP returns the probability that samples of n and m independent
// observations of one distribution lie at least d apart, for those who know better
// than the samples how many observations are independent ([EffectiveN]). NaN if
// a sample is empty.
func KolmogorovP(d, n, m float64) float64 {
	if math.IsNaN(d) || !(n > 0) || !(m > 0) {
		return nan
	}
	return kolmogorovTail(d * math.Sqrt(n*m/(n+m)))
}

// kolmogorovTail returns the probability that a variable of Kolmogorov's
// distribution exceeds x. Of the two series for it (Marsaglia, Tsang and Wang,
// "Evaluating Kolmogorov's distribution", Journal of Statistical Software 8(18),
// 2003) each is taken where it converges within a few terms.
func kolmogorovTail(x float64) float64 {
	if x <= 0 {
		return 1
	}
	var sum float64
	if x < 1 {
		for j := 1; j <= 19; j += 2 {
			sum += math.Exp(-float64(j*j) * math.Pi * math.Pi / (8 * x * x))
		}
		return max(0, 1-math.Sqrt(2*math.Pi)/x*sum)
	}
	sign := 2.0
	for j := 1.0; j <= 10; j++ {
		sum += sign * math.Exp(-2*j*j*x*x)
		sign = -sign
	}
	return min(1, max(0, sum))
}

// DistanceInterval returns an interval that holds the distance between the two
// true distribution functions with at least the given confidence, whatever they
// are: each empirical one lies within the bound of Dvoretzky, Kiefer and
// Wolfowitz of its own (with the constant of Massart, "The tight constant in the
// Dvoretzky-Kiefer-Wolfowitz inequality", Annals of Probability 18(3), 1990). It
// is wide; nothing narrower holds without assumptions.
func DistanceInterval(d, n, m, confidence float64) (low, high float64) {
	if math.IsNaN(d) || !(n > 0) || !(m > 0) {
		return nan, nan
	}
	each := 1 - (1-confidence)/2
	margin := dkw(n, each) + dkw(m, each)
	return max(0, d-margin), min(1, d+margin)
}

// dkw returns how far an empirical distribution function of n observations may
// lie from the true one, with the given confidence.
func dkw(n, confidence float64) float64 {
	return math.Sqrt(math.Log(2/(1-confidence)) / (2 * n))
}
