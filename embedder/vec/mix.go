package vec

import (
	"fmt"
	"math"
)

// asinh(x) of x >= 0 is computed as the logarithm of y = x + sqrt(x*x + 1), and of x
// below as the same with the other sign. y is 2^e * (1+f), f from -1/4 to 1/2, and
// ln(1+f) is f times the polynomial of degree 7 that is nearest to ln(1+f)/f there: a
// Chebyshev fit in 40 digits, its own error 2.2e-7. Degree 6 has 1.4e-6.
var asinhTable = [...]float32{
	1.000000119, -0.5000017881, 0.3332947493, -0.2497882694, 0.2011960298, -0.1735740602, 0.1400688142, -0.06508381665,
	asinhOneAt:      1,
	asinhLn2At:      math.Ln2,
	asinhLargestAt:  asinhLargest,
	asinhSignAt:     math.Float32frombits(asinhSign),
	asinhLeastAt:    math.Float32frombits(asinhLeast),
	asinhExponentAt: math.Float32frombits(asinhExponent),
}

const (
	asinhDegree     = 7
	asinhOneAt      = asinhDegree + 1
	asinhLn2At      = asinhDegree + 2
	asinhLargestAt  = asinhDegree + 3
	asinhSignAt     = asinhDegree + 4
	asinhLeastAt    = asinhDegree + 5
	asinhExponentAt = asinhDegree + 6

	asinhLargest  = 1e18       // its square is a float32
	asinhSign     = 1 << 31    // the bit
	asinhLeast    = 0x3f400000 // the bits of 0.75, the least 1+f
	asinhExponent = 0xff800000
)

// Asinh replaces each value v of x by the inverse hyperbolic sine of (v-centre)*unit. A
// result errs by 1e-6 at most, or by 3e-7 of itself where that is more. What lies
// further than 1e18 from 0 counts as that; NaN stays NaN.
func Asinh(x []float32, centre, unit float32) {
	if len(x) > 0 {
		asinh(x, centre, unit)
	}
}

// Mix does to values what [Asinh] does, and adds weight times each result that is a
// number to its place in sums, and weight to that in known: sums/known is then a weighted
// mean of those that are known. All three are of one length. What it does to a place
// hangs on neither the place nor the length.
func Mix(sums, known, values []float32, centre, unit, weight float32) {
	if len(sums) != len(values) || len(known) != len(values) {
		panic(fmt.Sprintf("vec: Mix of %d values into %d sums and %d weights, want as many of each", len(values), len(sums), len(known)))
	}
	if len(values) > 0 {
		mix(sums, known, values, centre, unit, weight)
	}
}

func asinhGo(x []float32, centre, unit float32) {
	for i, v := range x {
		x[i] = asinhOf((v - centre) * unit)
	}
}

func asinhOf(x float32) float32 {
	t := &asinhTable
	sign := math.Float32bits(x) & asinhSign
	x = min(math.Float32frombits(math.Float32bits(x)^sign), asinhLargest) // a NaN stays one
	y := math.Float32bits(x + float32(math.Sqrt(float64(x*x+1))))
	e := (y - asinhLeast) & asinhExponent
	f := math.Float32frombits(y-e) - 1
	p := t[asinhDegree]
	for d := asinhDegree - 1; d >= 0; d-- {
		p = p*f + t[d]
	}
	p = f*p + float32(int32(e)>>23)*t[asinhLn2At] + (x - x)
	return math.Float32frombits(math.Float32bits(p) | sign)
}

func mixGo(sums, known, values []float32, centre, unit, weight float32) {
	for i, v := range values {
		v = asinhOf((v - centre) * unit)
		values[i] = v
		if v == v {
			sums[i] += weight * v
			known[i] += weight
		}
	}
}
