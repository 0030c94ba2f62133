package vec

import "math"

// exp(x) is computed as 2^n * p(f), n the integer nearest to x/ln 2 and f the
// rest, |f| <= ln 2/2, with p the polynomial of degree 6 that is nearest to exp
// there: a Chebyshev fit in 40 digits, its own error 2.0e-9. Degree 5 has 7.9e-8.
// ln 2 is taken off in two parts, the first of few bits, so that f is exact to
// the last bit of float32.
var expTable = [...]float32{
	1, 1, 0.5, 0.166664153, 0.0416663513, 0.00837512594, 0.00139411085,
	expLog2At:  1.44269504,
	expHighAt:  0.693359375,
	expLowAt:   -0.000212194442,
	expLeastAt: expLeast,
}

const (
	expDegree  = 6
	expLog2At  = expDegree + 1
	expHighAt  = expDegree + 2
	expLowAt   = expDegree + 3
	expLeastAt = expDegree + 4

	// expLeast is the least exponent: exp of it, 1.2e-38, is still a normal
	// float32. Below it stands for all.
	expLeast = -87.3
)

// ExpSum replaces each value of x by exp(value - greatest value of x) and
// returns the sum of what it wrote: a softmax up to the division. x has at least
// one value and all are finite. A result is within 3e-7 of the true one,
// relatively, and at least 1.2e-38.
func ExpSum(x []float32) float32 {
	if len(x) == 0 {
		panic("vec: ExpSum of no values, want at least one")
	}
	return expSum(x)
}

func expSumGo(x []float32) (sum float32) {
	greatest := x[0]
	for _, v := range x[1:] {
		greatest = max(greatest, v)
	}
	t := &expTable
	for i, v := range x {
		v = max(v-greatest, t[expLeastAt])
		n := float32(math.RoundToEven(float64(v * t[expLog2At])))
		f := v - n*t[expHighAt] - n*t[expLowAt]
		p := t[expDegree]
		for d := expDegree - 1; d >= 0; d-- {
			p = p*f + t[d]
		}
		x[i] = p * math.Float32frombits(uint32(int32(n)+127)<<23)
		sum += x[i]
	}
	return sum
}
