package vec

import (
	"fmt"
	"math"
)

// Dot returns the inner product of a and b, which have equal length; it is 0
// when both are empty. 384 values take some 20 ns with AVX-512 (BenchmarkDot).
func Dot(a, b []float32) float32 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("vec: Dot of %d and %d values, want equal lengths", len(a), len(b)))
	}
	return dot(a, b)
}

// Dot4 returns the inner products of q with four rows of its length, to the bit
// what four calls of [Dot] give, in some three quarters of their time: q is read
// once, and four rows are fetched from memory at once.
func Dot4(q, r0, r1, r2, r3 []float32) (d0, d1, d2, d3 float32) {
	if n := len(q); len(r0) != n || len(r1) != n || len(r2) != n || len(r3) != n {
		panic(fmt.Sprintf("vec: Dot4 of %d and %d, %d, %d, %d values, want equal lengths",
			n, len(r0), len(r1), len(r2), len(r3)))
	}
	return dot4(q, r0, r1, r2, r3)
}

// DotRows writes to dst the inner products of q with as many rows, which follow
// one another in rows, [len(dst) x len(q)]: to the bit what [Dot] gives for each.
// It is for scans of more rows than the caches hold: it asks memory for rows
// before they are needed.
func DotRows(dst, q, rows []float32) {
	if len(rows) != len(dst)*len(q) {
		panic(fmt.Sprintf("vec: DotRows of %d values as %d rows of %d, want %d", len(rows), len(dst), len(q), len(dst)*len(q)))
	}
	if len(q) == 0 {
		clear(dst)
		return
	}
	dotRows(dst, q, rows)
}

// DotPicks writes to dst the inner products of q with the rows whose numbers are in
// picks, of rows, [? x len(q)]: to the bit what [Dot] gives for each. It is for a few
// hundred rows that lie far apart: it asks memory for the next four while it works
// (BenchmarkDotPicks).
func DotPicks(dst, q, rows []float32, picks []uint32) {
	if len(dst) != len(picks) {
		panic(fmt.Sprintf("vec: DotPicks of %d picks to %d results, want as many", len(picks), len(dst)))
	}
	if len(q) == 0 {
		clear(dst)
		return
	}
	last := uint32(0)
	for _, p := range picks {
		last = max(last, p)
	}
	if len(picks) > 0 && len(rows)/len(q) <= int(last) {
		panic(fmt.Sprintf("vec: DotPicks of row %d of %d values, want one of the %d rows", last, len(q), len(rows)/len(q)))
	}
	dotPicks(dst, q, rows, picks)
}

// Axpy adds alpha*x to y, which has the length of x.
func Axpy(alpha float32, x, y []float32) {
	if len(x) != len(y) {
		panic(fmt.Sprintf("vec: Axpy of %d values to %d, want equal lengths", len(x), len(y)))
	}
	axpy(alpha, x, y)
}

// Squares between these bounds neither overflow nor lose bits in a sum of
// float32; outside, [Normalize] sums in float64.
const (
	leastSquare = 1e-24
	mostSquare  = 1e30
)

// Normalize scales x to unit length and returns the length it had. A vector of
// zeros stays as it is (length 0), and so does one with NaN or infinity in it:
// its length is NaN or +Inf.
func Normalize(x []float32) (norm float32) {
	length := math.Sqrt(float64(Dot(x, x)))
	if !(length*length >= leastSquare && length*length <= mostSquare) {
		length = length64(x)
	}
	if length == 0 || math.IsNaN(length) || math.IsInf(length, 0) {
		return float32(length)
	}
	if inverse := float32(1 / length); !math.IsInf(float64(inverse), 0) && inverse > 1e-30 {
		for i := range x {
			x[i] *= inverse
		}
		return float32(length)
	}
	for i := range x { // the inverse of a length this small or large is no normal float32
		x[i] = float32(float64(x[i]) / length)
	}
	return float32(length)
}

// length64 returns the length of x, summed in float64, in which no square of a
// float32 overflows or vanishes.
func length64(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
