//go:build !amd64

package vec

func asinh(x []float32, centre, unit float32) { asinhGo(x, centre, unit) }

func mix(sums, known, values []float32, centre, unit, weight float32) {
	mixGo(sums, known, values, centre, unit, weight)
}
