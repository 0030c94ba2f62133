package indexer

import (
	"errors"
	"fmt"
	"math"
)

// ErrTable reports bytes that are no neighbour table, or a damaged one.
var ErrTable = errors.New("not a neighbour table")

// A Neighbour is a row near another row.
type Neighbour = Hit

// A Table holds the nearest rows of every row: best first, ties by ascending row,
// itself left out. Nothing writes to it after [Neighbours] or [ReadTable] has
// returned it, so any number of goroutines may read it. It takes 8 bytes a
// neighbour and 8 a row: 22 MB for 27,000 rows of 100. One of an [Extended] takes
// 24 a row and what changed.
type Table struct {
	k       int
	entries []Neighbour // row after row
	starts  []int       // [rows + 1]; row i has entries[starts[i]:starts[i+1]]

	// Of an Extended, instead of the two above: row -> list, which may go on behind k.
	lists [][]Neighbour
}

// Rows returns the number of rows, those without neighbours included.
func (t *Table) Rows() int {
	if t.lists != nil {
		return len(t.lists)
	}
	return len(t.starts) - 1
}

// K returns how many neighbours the table was made for. A row has fewer when
// there are fewer rows with a vector; a row of zeros has none.
func (t *Table) K() int { return t.k }

// Of returns the neighbours of row, at most K, best first. The list is the
// table's own and is not to be changed. A row that is not in the table has none.
func (t *Table) Of(row uint32) []Neighbour {
	if t.lists != nil {
		if uint64(row) >= uint64(len(t.lists)) {
			return nil
		}
		n := min(len(t.lists[row]), t.k)
		return t.lists[row][:n:n]
	}
	if uint64(row)+1 >= uint64(len(t.starts)) {
		return nil
	}
	from, to := t.starts[row], t.starts[row+1]
	return t.entries[from:to:to]
}

// WithLists returns t with other lists for some rows. t stays as it is, and shares all
// other lists. Lists are best first, ties by ascending row, at most K long.
func (t *Table) WithLists(lists map[uint32][]Neighbour) *Table {
	next := &Table{k: t.k, lists: make([][]Neighbour, t.Rows())}
	for row := range next.lists {
		next.lists[row] = t.Of(uint32(row))
	}
	for row, list := range lists {
		next.lists[row] = list
	}
	return next
}

// validate returns an error that wraps [ErrTable] for the first list that breaks
// the promises of a Table. It is O(entries).
func (t *Table) validate() error {
	seenBy := make([]uint32, t.Rows()) // the row, plus 1, that had it last
	for row := range uint32(t.Rows()) {
		list := t.Of(row)
		for i, n := range list {
			switch {
			case int64(n.Row) >= int64(t.Rows()):
				return fmt.Errorf("row %d has neighbour %d of %d rows: %w", row, n.Row, t.Rows(), ErrTable)
			case n.Row == row:
				return fmt.Errorf("row %d is its own neighbour: %w", row, ErrTable)
			case seenBy[n.Row] == row+1:
				return fmt.Errorf("row %d has neighbour %d twice: %w", row, n.Row, ErrTable)
			case math.IsNaN(float64(n.Score)) || math.IsInf(float64(n.Score), 0):
				return fmt.Errorf("row %d has neighbour %d with score %v: %w", row, n.Row, n.Score, ErrTable)
			case i > 0 && compareHits(list[i-1], n) >= 0:
				return fmt.Errorf("row %d has neighbour %d behind a worse one: %w", row, n.Row, ErrTable)
			}
			seenBy[n.Row] = row + 1
		}
	}
	return nil
}
