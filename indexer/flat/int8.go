package flat

import (
	"fmt"
	"math"
	"sync"

	"marquee/embedder/vec"
	"marquee/indexer"
)

// Int8 is an exact [indexer.Index] that reads one byte a value and multiplies in
// float32 only where that could change the answer. Nothing writes to it after
// NewInt8 or With returns, so any number of goroutines may search it.
//
// Let r be a row and r' its rounded copy, q a query and q' its rounded copy. Then
//
//	|q·r - q'·r'| = |(q-q')·r' + q·(r-r')| <= |q-q'| |r'| + |q| |r-r'|
//
// by Cauchy and Schwarz. All four lengths are known, so q'·r', a sum of
// integers, lies within a known bound of the score. A row whose upper bound is
// below the k-th best lower bound is not among the best k. On film-like data of
// 384 dims the bound is 0.015, and leaves 30 of 27,000 rows to multiply for the
// best 10; when it leaves them all, a search costs as much as both scans.
type Int8 struct {
	exact   *Index
	bytes   []int8    // [rows x stride], rounded rows, padded with zeros
	rows    []int8Row // what else is known of each
	longest float64   // the length of the longest rounded row

	stride  int       // dims, rounded up to a whole AVX-512 vector
	scratch sync.Pool // of *scratchInt8
}

// An int8Row is what turns the bytes of a row into a score and its bound.
type int8Row struct {
	scale  float32 // value of one step
	lost   float32 // length of the row less its rounded copy, rounded up
	offset int32   // 128 times the sum of the bytes, for the query's unsigned bytes
}

// strideBytes is what the widest kernel reads at once.
const strideBytes = 64

// NewInt8 returns an index of vecs, [n x dims], as [New] does, and keeps vecs. It
// takes another n * (dims + 12) bytes and two passes. dims is at most
// [vec.MaxI8] less 63.
func NewInt8(vecs []float32, dims int) (*Int8, error) {
	exact, err := New(vecs, dims)
	if err != nil {
		return nil, err
	}
	stride := (dims + strideBytes - 1) / strideBytes * strideBytes
	if stride > vec.MaxI8 {
		return nil, fmt.Errorf("rows of %d values, an int8 scan takes at most %d; use the float32 one: %w",
			dims, vec.MaxI8/strideBytes*strideBytes, indexer.ErrDims)
	}
	x := &Int8{exact: exact, stride: stride}
	x.bytes, x.rows = make([]int8, exact.scanned()*stride), make([]int8Row, exact.scanned())
	for i := range x.rows {
		var length float64
		x.rows[i], length = roundRow(x.bytes[i*stride:][:dims], exact.row(i))
		x.longest = max(x.longest, length)
	}
	return x, nil
}

// roundRow writes the rounded copy of row and returns its length.
func roundRow(dst []int8, row []float32) (int8Row, float64) {
	step := stepOf(row)
	if step == 0 {
		return int8Row{}, 0
	}
	scale := float32(step)
	var lost, square float64
	var sum int32
	for i, v := range row {
		b := math.RoundToEven(float64(v) / step)
		dst[i] = int8(b)
		sum += int32(b)
		copied := b * float64(scale)
		lost += (float64(v) - copied) * (float64(v) - copied)
		square += copied * copied
	}
	return int8Row{scale: scale, lost: upwards(math.Sqrt(lost)), offset: 128 * sum}, math.Sqrt(square)
}

// stepOf returns the distance of two neighbouring values that 127 of them reach
// the greatest of x.
func stepOf(x []float32) float64 {
	var most float64
	for _, v := range x {
		most = max(most, math.Abs(float64(v)))
	}
	return most / 127
}

// upwards returns a float32 no less than v, which is 0 or more.
func upwards(v float64) float32 {
	return math.Nextafter32(float32(v), float32(math.Inf(1)))
}

// Len returns the number of rows, those of zeros included.
func (x *Int8) Len() int { return x.exact.Len() }

// Dims returns the length of a row.
func (x *Int8) Dims() int { return x.exact.Dims() }
