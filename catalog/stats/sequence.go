package stats

import "math"

// A Sequence makes intervals of an estimate that may be looked at as often as one likes,
// and a decision taken at any look: the intervals of all looks together hold the true
// value with probability 1-Alpha. An ordinary interval promises that for one look alone;
// who looks at it daily and stops at the first that leaves out 0 is wrong several times
// as often.
//
// It is the confidence sequence of the normal mixture (Robbins, "Statistical methods
// related to the law of the iterated logarithm", Annals of Mathematical Statistics
// 41(5), 1970; for experiments Johari, Koomen, Pekelis and Walsh, "Peeking at A/B
// tests", KDD 2017): the likelihood ratio of the estimate is averaged over effects that
// are normal about 0 with standard deviation Spread, and such an average exceeds
// 1/Alpha at any look with at most probability Alpha if there is no effect (Ville's
// inequality). The variance is estimated, which holds for large samples (Waudby-Smith,
// Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
// confidence sequences", Annals of Statistics 52(6), 2024): so looks must begin with
// some tens of people. Spread must not depend on the estimates.
type Sequence struct {
	Alpha  float64 // 0 to 1
	Spread float64 // above 0, in the unit of the estimate
}

// SequenceAt returns the sequence that is narrowest where the estimate's variance is this
// one. Away from there it loses little: its intervals are 7% wider than the narrowest
// that are possible at a tenth of the variance, and 26% wider at ten times of it.
func SequenceAt(alpha, variance float64) Sequence {
	// The width at a ratio r of Spread^2 to the variance is that of
	// (1 + 1/r)(2 ln(1/alpha) + ln(1+r)), which is least where r = 2 ln(1/alpha) + ln(1+r).
	r := -2 * math.Log(alpha)
	for range 50 { // a contraction: its slope is 1/(1+r)
		r = -2*math.Log(alpha) + math.Log1p(r)
	}
	return Sequence{Alpha: alpha, Spread: math.Sqrt(r * variance)}
}

// Margin returns half the length of the interval about an estimate with this variance.
// NaN unless the variance and Spread are above 0.
func (s Sequence) Margin(variance float64) float64 {
	if !(variance > 0) || !(s.Spread > 0) {
		return nan
	}
	whole := variance + s.Spread*s.Spread
	return math.Sqrt(variance * whole / (s.Spread * s.Spread) * (-2*math.Log(s.Alpha) + math.Log(whole/variance)))
}

// P returns a p-value of no effect at one look. The least of all looks so far is at most
// Alpha, with no effect, with at most probability Alpha: it is what an interval without 0
// at any look amounts to. NaN as [Sequence.Margin].
func (s Sequence) P(estimate, variance float64) float64 {
	if !(variance > 0) || !(s.Spread > 0) || math.IsNaN(estimate) {
		return nan
	}
	prior := s.Spread * s.Spread
	whole := variance + prior
	log := 0.5*math.Log(variance/whole) + estimate*estimate*prior/(2*variance*whole)
	return math.Min(1, math.Exp(-log))
}
