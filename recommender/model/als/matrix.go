package als

import (
	"fmt"
	"math"

	"marquee/recommender/model"
)

// A Matrix is a sparse matrix of confidences, row by row. Of a row i, the columns
// are Cols[Starts[i]:Starts[i+1]], ascending in every matrix that this package
// makes, and Values are their confidences.
type Matrix struct {
	Columns int
	Starts  []int64 // [rows+1]
	Cols    []uint32
	Values  []float32 // 0 or more, finite
}

// Rows returns the number of rows.
func (m *Matrix) Rows() int { return len(m.Starts) - 1 }

// Check returns an error that wraps [model.ErrData] if m is no matrix, or holds
// what no confidence can be.
func (m *Matrix) Check() error {
	if len(m.Starts) < 2 || m.Columns < 1 || m.Columns > math.MaxUint32 || len(m.Cols) == 0 {
		return fmt.Errorf("a matrix of %d rows, %d columns and %d values, want one or more of each: %w", m.Rows(), m.Columns, len(m.Cols), model.ErrData)
	}
	if len(m.Values) != len(m.Cols) || m.Starts[0] != 0 || m.Starts[m.Rows()] != int64(len(m.Cols)) {
		return fmt.Errorf("a matrix of %d columns' indices and %d values, its rows from %d to %d: %w", len(m.Cols), len(m.Values), m.Starts[0], m.Starts[m.Rows()], model.ErrData)
	}
	for i := range m.Rows() {
		if m.Starts[i] > m.Starts[i+1] {
			return fmt.Errorf("row %d of a matrix begins at %d and ends at %d: %w", i, m.Starts[i], m.Starts[i+1], model.ErrData)
		}
	}
	for i, col := range m.Cols {
		if int(col) >= m.Columns {
			return fmt.Errorf("value %d of a matrix is in column %d of %d: %w", i, col, m.Columns, model.ErrData)
		}
		if v := m.Values[i]; !(v >= 0 && v <= math.MaxFloat32) {
			return fmt.Errorf("value %d of a matrix is %v, want a finite confidence, 0 or more: %w", i, v, model.ErrData)
		}
	}
	return nil
}

// Transpose returns the matrix with rows and columns exchanged; the columns of
// its rows ascend. It takes one pass to count and one to write, at some 10 ns a
// value when the rows written to are more than the caches hold.
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{Columns: m.Rows(), Starts: make([]int64, m.Columns+1), Cols: make([]uint32, len(m.Cols)), Values: make([]float32, len(m.Cols))}
	for _, col := range m.Cols {
		t.Starts[col+1]++
	}
	for i := range m.Columns {
		t.Starts[i+1] += t.Starts[i]
	}
	next := append([]int64(nil), t.Starts...)
	for row := range m.Rows() {
		for i := m.Starts[row]; i < m.Starts[row+1]; i++ {
			col := m.Cols[i]
			at := next[col]
			t.Cols[at], t.Values[at] = uint32(row), m.Values[i]
			next[col] = at + 1
		}
	}
	return t
}

// blockWork is the work of a block of rows, in values: some 40 microseconds at 64
// factors, long beside the handing out and short beside a side.
const blockWork = 8192

// rowWork is what a row costs beside its values, in values: products with the
// Gram matrix.
const rowWork = 64

// blocks cuts the rows into blocks of nearly equal work and returns their bounds.
func (m *Matrix) blocks() []int {
	bounds := []int{0}
	work := int64(0)
	for i := range m.Rows() {
		work += m.Starts[i+1] - m.Starts[i] + rowWork
		if work >= blockWork {
			bounds, work = append(bounds, i+1), 0
		}
	}
	if last := bounds[len(bounds)-1]; last < m.Rows() {
		bounds = append(bounds, m.Rows())
	}
	return bounds
}
