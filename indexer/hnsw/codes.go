package hnsw

import "math"

// steps is how far a code may lie from that of 0.
const steps = 127

// codes are the rows at one byte a value. A walk scores by them, since most of
// its time goes into fetching rows from memory and these are a quarter as long;
// the rows it ends with are scored again exactly. Whole-number sums are the same
// on every machine.
//
// Each dimension has a scale of its own, its largest value: vectors whose first
// dimensions are much larger than the rest (lsa) would lose the rest otherwise.
type codes struct {
	dims  int
	rows  []uint8   // [rows x dims], round(value / scale) + 128, 1 to 255
	scale []float64 // [dims]; in float32 the inverse of a scale could be infinite
	spare *spare    // of rows
}

// query writes q as codes to out: q times the scales, the largest made 127. The
// inner product of out with a row grows with the score of the row.
func (c *codes) query(q []float32, out []int8) []int8 {
	out = out[:0]
	var top float64
	for j, v := range q {
		top = max(top, math.Abs(float64(v)*c.scale[j]))
	}
	unit := 0.0
	if top > 0 {
		unit = steps / top
	}
	for j, v := range q {
		out = append(out, int8(math.RoundToEven(float64(v)*c.scale[j]*unit)))
	}
	return out
}

func (c *codes) row(i uint32) []uint8 {
	at := int(i) * c.dims
	return c.rows[at : at+c.dims : at+c.dims]
}
