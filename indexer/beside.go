package indexer

import (
	"context"
	"fmt"
	"slices"

	"marquee/embedder/vec"
)

// Beside returns ix with an exact index beside it that takes changes: what a search
// of ix finds is merged with a scan of the rows that came later, and rows that changed
// are left out of what ix finds. It is for indexes that take no changes themselves; a
// search costs a product more for each row that came later.
func Beside(ix Index) Changer { return &beside{base: ix, rows: ix.Len()} }

type beside struct {
	base  Index
	rows  int
	later []Later         // a row each, by row
	moved map[uint32]bool // rows of base among them
}

func (b *beside) Len() int  { return b.rows }
func (b *beside) Dims() int { return b.base.Dims() }

func (b *beside) With(ctx context.Context, later []Later) (Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	next := &beside{base: b.base, rows: b.rows, later: slices.Clone(b.later), moved: make(map[uint32]bool, len(b.moved)+len(later))}
	for row := range b.moved {
		next.moved[row] = true
	}
	for _, l := range later {
		if err := checkLater(l, next.rows, b.Dims()); err != nil {
			return nil, err
		}
		next.rows = max(next.rows, int(l.Row)+1)
		next.moved[l.Row] = true
		at, there := slices.BinarySearchFunc(next.later, l.Row, func(x Later, row uint32) int { return int(int64(x.Row) - int64(row)) })
		if there {
			next.later[at] = l
		} else {
			next.later = slices.Insert(next.later, at, l)
		}
	}
	return next, nil
}

func (b *beside) Search(ctx context.Context, q []float32, k int, keep Keep) ([]Hit, error) {
	found, err := b.base.Search(ctx, q, k, func(row uint32) bool { return !b.moved[row] && (keep == nil || keep(row)) })
	if err != nil || len(b.later) == 0 || ZeroRow(q, len(q), 0) {
		return found, err
	}
	for _, l := range b.later {
		if (keep == nil || keep(l.Row)) && !ZeroRow(l.Vector, len(l.Vector), 0) {
			found = append(found, Hit{Row: l.Row, Score: vec.Dot(q, l.Vector)})
		}
	}
	slices.SortFunc(found, compareHits)
	return found[:min(k, len(found))], nil
}

// checkLater returns the error of [Changer.With] for a row that cannot come to an
// index of so many rows.
func checkLater(l Later, rows, dims int) error {
	if len(l.Vector) != dims {
		return fmt.Errorf("row %d has %d values, the index is of %d: %w", l.Row, len(l.Vector), dims, ErrDims)
	}
	if err := CheckRows(l.Vector, dims); err != nil {
		return fmt.Errorf("vector for row %d: %w", l.Row, err)
	}
	if int64(l.Row) > int64(rows) {
		return fmt.Errorf("row %d comes behind %d rows, want the next one: %w", l.Row, rows, ErrDims)
	}
	return nil
}
