package synthetic_test

import (
	"runtime"
	"slices"
	"testing"

	"marquee/tests/bench/peers/als/synthetic"
)

// A matrix is whole, of nearly as many events as asked for, each movie once in a
// row, and the same on any number of processors.
func TestEvents(t *testing.T) {
	const people, movies, events = 3000, 1000, 60000
	m, err := synthetic.Events(t.Context(), people, movies, events, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	if n := len(m.Cols); m.Rows() != people || n < events*95/100 || n > events*105/100 {
		t.Errorf("%d people and %d events, want %d and nearly %d", m.Rows(), n, people, events)
	}
	for i := range people {
		row := m.Cols[m.Starts[i]:m.Starts[i+1]]
		if len(row) == 0 || !slices.IsSorted(row) || len(slices.Compact(slices.Clone(row))) != len(row) {
			t.Fatalf("row %d is %v, want each movie once, ascending", i, row)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	again, err := synthetic.Events(t.Context(), people, movies, events, 1)
	if err != nil || !slices.Equal(again.Cols, m.Cols) || !slices.Equal(again.Values, m.Values) {
		t.Errorf("three processors make another matrix (%v)", err)
	}
}
