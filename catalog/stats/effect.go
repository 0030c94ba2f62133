package stats

import "math"

// CliffsDelta returns the probability that an observation of b exceeds one of a,
// less that of the reverse: -1 to 1, and 0 if neither tends to be greater (Cliff,
// "Dominance statistics", Psychological Bulletin 114(3), 1993). It is NaN if a
// sample is empty. It takes O(n+m).
func CliffsDelta(a, b Sample) float64 {
	n, m := a.N(), b.N()
	if n == 0 || m == 0 {
		return nan
	}
	var more, less, below float64 // below: how many of a are below the value of b at hand
	i := 0
	for j, v := range b.Values {
		for i < len(a.Values) && a.Values[i] < v {
			below += a.Weights[i]
			i++
		}
		equal := 0.0
		for k := i; k < len(a.Values) && a.Values[k] == v; k++ {
			equal += a.Weights[k]
		}
		more += b.Weights[j] * below
		less += b.Weights[j] * (n - below - equal)
	}
	return (more - less) / (n * m)
}

// MeanDifference returns by how many pooled standard deviations the mean of b
// exceeds that of a (Cohen's d). Two constant samples give 0 if they are equal,
// and NaN if not, as an empty one does.
func MeanDifference(a, b Sample) float64 {
	n, m := a.N(), b.N()
	if n == 0 || m == 0 {
		return nan
	}
	step := b.Mean() - a.Mean()
	if step == 0 {
		return 0
	}
	sd := pooledSD(a, b)
	if !(sd > 0) {
		return nan
	}
	return step / sd
}

// Wasserstein returns how far, in pooled standard deviations, observations of a
// must be moved on average to become b: the Wasserstein-1 (earth mover's)
// distance, without a unit. Unlike a difference of means it sees a change of
// shape. Two constant samples give 0 if they are equal, and NaN if not, as an
// empty one does. It takes O(n+m); gonum's WassersteinDistance, of which it is a
// multiple, takes O(n*m) and scales the weights that it is given.
func Wasserstein(a, b Sample) float64 {
	if len(a.Values) == 0 || len(b.Values) == 0 {
		return nan
	}
	move := area(a, b)
	if move == 0 {
		return 0
	}
	sd := pooledSD(a, b)
	if !(sd > 0) {
		return nan
	}
	return move / sd
}

// area returns the area between the two empirical distribution functions.
func area(a, b Sample) float64 {
	n, m := a.N(), b.N()
	var sum, f, g, before float64
	for i, j := 0, 0; i < len(a.Values) || j < len(b.Values); {
		here := math.Inf(1)
		if i < len(a.Values) {
			here = a.Values[i]
		}
		if j < len(b.Values) {
			here = min(here, b.Values[j])
		}
		if f > 0 || g > 0 {
			sum += math.Abs(f/n-g/m) * (here - before)
		}
		for ; i < len(a.Values) && a.Values[i] == here; i++ {
			f += a.Weights[i]
		}
		for ; j < len(b.Values) && b.Values[j] == here; j++ {
			g += b.Weights[j]
		}
		before = here
	}
	return sum
}

func pooledSD(a, b Sample) float64 {
	n, m := a.N(), b.N()
	if n+m <= 2 {
		return nan
	}
	return math.Sqrt(((n-1)*a.variance() + (m-1)*b.variance()) / (n + m - 2))
}
