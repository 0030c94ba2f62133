package indexer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// A Changer is an index that takes changes while it is searched.
type Changer interface {
	Index

	// With returns the index with later rows: those from Len on are new and come in
	// order, others take the place of the vector that the row had, and one of zeros is
	// found no more; a row that comes twice counts as it came last. The receiver stays
	// as it is, and goes on answering as before; the two share what has not changed.
	// Later vectors are not to be changed afterwards. Errors wrap ErrRow or ErrDims, or
	// are ctx's own.
	With(ctx context.Context, later []Later) (Index, error)
}

// With returns ix with later rows: by its own means if it is a [Changer], else with
// a small exact index beside it.
func With(ctx context.Context, ix Index, later []Later) (Index, error) {
	if c, ok := ix.(Changer); ok {
		return c.With(ctx, later)
	}
	return Beside(ix).With(ctx, later)
}

// CheckLater returns later as an index of [rows x dims] takes it in, ascending by row
// and each row once, as it came last, and the number of rows from then on. later stays
// as it is. Errors are those of [Changer] for rows that cannot come: wrapped ErrDims
// for another length, a gap behind the last row or too many rows, ErrRow for values
// that no index can hold.
func CheckLater(later []Later, rows, dims int) ([]Later, int, error) {
	for _, l := range later {
		switch {
		case len(l.Vector) != dims:
			return nil, 0, fmt.Errorf("row %d has %d values, the index is of %d: %w", l.Row, len(l.Vector), dims, ErrDims)
		case int64(l.Row) > int64(rows):
			return nil, 0, fmt.Errorf("row %d comes behind %d rows, want the next one: %w", l.Row, rows, ErrDims)
		case l.Row >= math.MaxInt32:
			return nil, 0, fmt.Errorf("row %d, want at most %d rows: %w", l.Row, math.MaxInt32, ErrDims)
		}
		if err := CheckRows(l.Vector, dims); err != nil {
			return nil, 0, fmt.Errorf("vector for row %d: %w", l.Row, err)
		}
		rows = max(rows, int(l.Row)+1)
	}
	return lastOfEach(later), rows, nil
}

// lastOfEach returns later by ascending row, of each row what came last.
func lastOfEach(later []Later) []Later {
	sorted := slices.Clone(later)
	slices.SortStableFunc(sorted, func(a, b Later) int { return cmp.Compare(a.Row, b.Row) })
	last := sorted[:0]
	for i, l := range sorted {
		if i+1 == len(sorted) || sorted[i+1].Row != l.Row {
			last = append(last, l)
		}
	}
	return last
}
