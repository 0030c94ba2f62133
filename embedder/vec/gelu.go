package vec

// The distribution function of the normal distribution is computed as
//
//	Phi(x) = 1/2 + x * p(s),  s = 2*x*x/R*R - 1,  |x| <= R = geluReach
//
// with p the polynomial of degree 16 that is nearest to (Phi(x)-1/2)/x on
// [-1, 1]: a Chebyshev fit in 40 digits, its own error 1.0e-9. Degree 14 has
// 2.6e-8; past 16 the rounding of float32 is all that is left (8.5e-8). Beyond
// R, Phi is 0 or 1 to within 1.9e-8.
const geluReach = 5.5

// geluTable holds what the kernels read: the polynomial, lowest power first,
// and the numbers around it, in the order of the constants below.
var geluTable = [...]float32{
	0.12855193, -0.0641723126, 0.0477373526, -0.0387937799, 0.03207656, -0.0260362942,
	0.0203101356, -0.0150618451, 0.0104575213, -0.00665234262, 0.00409791572, -0.00265651802,
	0.0013792431, -0.000358214078, 0.000201298724, -0.000285286398, 0.000113726128,
	geluScaleAt:  2 / (geluReach * geluReach),
	geluOneAt:    -1,
	geluHalfAt:   0.5,
	geluReachAt:  geluReach,
	geluReachAt1: -geluReach,
}

const (
	geluDegree   = 16
	geluScaleAt  = geluDegree + 1
	geluOneAt    = geluDegree + 2
	geluHalfAt   = geluDegree + 3
	geluReachAt  = geluDegree + 4
	geluReachAt1 = geluDegree + 5
)

// GELU replaces each value x by x*Phi(x), the exact Gaussian error linear unit
// (Hendrycks and Gimpel 2016), not its approximation by tanh. The result is
// within 1.5e-7*|x| of the true one. Each value depends on nothing but itself.
func GELU(x []float32) { gelu(x) }

func geluGo(x []float32) {
	t := &geluTable
	for i, v := range x {
		u := min(max(v, t[geluReachAt1]), t[geluReachAt])
		s := u*u*t[geluScaleAt] + t[geluOneAt]
		p := t[geluDegree]
		for d := geluDegree - 1; d >= 0; d-- {
			p = p*s + t[d]
		}
		x[i] = v * (u*p + t[geluHalfAt])
	}
}
