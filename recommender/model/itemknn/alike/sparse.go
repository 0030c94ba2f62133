package alike

// A Sparse is a matrix by rows: of row i the columns Cols[Starts[i]:Starts[i+1]]
// with their values.
type Sparse struct {
	Starts []int64 // [rows+1]
	Cols   []uint32
	Values []float32
}

// Len returns the number of rows.
func (s *Sparse) Len() int { return len(s.Starts) - 1 }

// Row returns the columns and values of a row, which are not to be changed.
func (s *Sparse) Row(i int) ([]uint32, []float32) {
	from, to := s.Starts[i], s.Starts[i+1]
	return s.Cols[from:to:to], s.Values[from:to:to]
}

// Transposed returns s, of cols columns, by columns; the rows of each ascend.
func (s *Sparse) Transposed(cols int) *Sparse {
	t := &Sparse{Starts: make([]int64, cols+1), Cols: make([]uint32, len(s.Cols)), Values: make([]float32, len(s.Cols))}
	for _, c := range s.Cols {
		t.Starts[c+1]++
	}
	for c := range cols {
		t.Starts[c+1] += t.Starts[c]
	}
	next := append([]int64(nil), t.Starts[:cols]...)
	for i := range s.Len() {
		row, values := s.Row(i)
		for j, c := range row {
			t.Cols[next[c]], t.Values[next[c]] = uint32(i), values[j]
			next[c]++
		}
	}
	return t
}
