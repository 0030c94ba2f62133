package indexer

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"marquee/embedder/vec"
)

// ErrRow reports a row that an index cannot hold: not finite, or neither of unit
// length nor all zeros.
var ErrRow = errors.New("row is neither of unit length nor all zeros")

// unitSlack is how far a row's squared length may lie from 1. Half-precision
// vectors of a remote embedder are off by up to some 1e-3.
const unitSlack = 4e-3

// CheckRows returns an error that wraps [ErrDims] when vecs is no whole number of
// rows of dims, and one that wraps [ErrRow] for the first row that no index can
// hold. It takes one pass, O(len(vecs)).
func CheckRows(vecs []float32, dims int) error {
	if dims < 1 {
		return fmt.Errorf("rows of %d values, want 1 or more: %w", dims, ErrDims)
	}
	if len(vecs)%dims != 0 {
		return fmt.Errorf("%d values are no whole number of rows of %d: %w", len(vecs), dims, ErrDims)
	}
	if rows := len(vecs) / dims; uint64(rows) > math.MaxInt32 {
		return fmt.Errorf("%d rows, want at most %d: %w", rows, math.MaxInt32, ErrDims)
	}
	for i := 0; i < len(vecs); i += dims {
		row := vecs[i : i+dims]
		if math.Abs(float64(vec.Dot(row, row))-1) <= unitSlack/2 {
			continue // it is right by far more than a float32 sum can be wrong
		}
		var square float64
		for _, v := range row {
			square += float64(v) * float64(v)
		}
		if square != 0 && !(math.Abs(square-1) <= unitSlack) {
			return fmt.Errorf("row %d has length %v: %w", i/dims, math.Sqrt(square), ErrRow)
		}
	}
	return nil
}

// HoldOut chooses at most n rows of vecs that are not all zeros, at most one in
// ten of them, in ascending order: movies to measure an index with before they
// are put in. Same arguments, same rows.
func HoldOut(seed uint64, vecs []float32, dims, n int) []uint32 {
	var rows []uint32
	for row := range len(vecs) / dims {
		if !ZeroRow(vecs, dims, uint32(row)) {
			rows = append(rows, uint32(row))
		}
	}
	n = min(n, len(rows)/10)
	if n <= 0 {
		return nil
	}
	return draw(seed, rows, n)
}

// ZeroRow says whether a row of vecs is all zeros: a movie without a word that
// the embedder knows. It is in no list of neighbours.
func ZeroRow(vecs []float32, dims int, row uint32) bool {
	for _, v := range vecs[int(row)*dims : (int(row)+1)*dims] {
		if v != 0 {
			return false
		}
	}
	return true
}

// draw returns n of rows, in ascending order; rows is reordered.
func draw(seed uint64, rows []uint32, n int) []uint32 {
	rng := rand.New(rand.NewPCG(seed, 0x68656c64))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	drawn := slices.Clone(rows[:n])
	slices.Sort(drawn)
	return drawn
}
