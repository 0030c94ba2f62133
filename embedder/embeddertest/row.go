package embeddertest

import (
	"encoding/binary"
	"math"
	"testing"
)

// unitSlack is how far the length of a row may be from 1: 384 float32 values,
// each rounded once, stay well within it.
const unitSlack = 1e-5

// checkRow fails the test unless row has unit length or is all zeros.
func checkRow(t *testing.T, text string, row []float32) {
	t.Helper()
	sum := 0.0
	for _, x := range row {
		sum += float64(x) * float64(x)
	}
	if norm := math.Sqrt(sum); sum != 0 && !(math.Abs(norm-1) <= unitSlack) {
		t.Errorf("vector of %.40q has length %v, want 1 or 0", text, norm)
	}
}

func isZero(row []float32) bool {
	for _, x := range row {
		if x != 0 {
			return false
		}
	}
	return true
}

// bits returns the bits of row, so that rows can be compared and be keys.
func bits(row []float32) string {
	var out []byte
	for _, x := range row {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return string(out)
}

// split returns the n rows of flat.
func split(flat []float32, n int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = flat[i*len(flat)/n : (i+1)*len(flat)/n]
	}
	return rows
}

// all returns every short text of the kit, none of them twice.
func all() []string { return append(append(Texts(), hard()...), blank()...) }

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
