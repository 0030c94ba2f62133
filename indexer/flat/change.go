package flat

import (
	"context"
	"slices"

	"marquee/indexer"
)

var (
	_ indexer.Changer = (*Index)(nil)
	_ indexer.Changer = (*Int8)(nil)
)

// With implements [indexer.Changer]. Rows that came later are multiplied one by one
// behind the scan of the others, which costs what it did before. It takes
// O(rows + rows that came later), some 10 microseconds for 27,000 rows.
func (x *Index) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	next, err := x.with(ctx, later)
	if err != nil {
		return nil, err
	}
	return next, nil
}

func (x *Index) with(ctx context.Context, later []indexer.Later) (*Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tail, err := x.tail.With(later, x.dims)
	if err != nil {
		return nil, err
	}
	next := &Index{vecs: x.vecs, dims: x.dims, out: slices.Clone(x.out), tail: tail}
	for _, l := range later {
		if int(l.Row) < x.scanned() {
			next.leaveOut(l.Row)
		}
	}
	return next, nil
}

// With implements [indexer.Changer]. Rows that came later are multiplied in float32,
// one by one; the others are still looked at by their bytes first. It takes what
// [Index.With] does.
func (x *Int8) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	exact, err := x.exact.with(ctx, later)
	if err != nil {
		return nil, err
	}
	return &Int8{exact: exact, bytes: x.bytes, rows: x.rows, longest: x.longest, stride: x.stride}, nil
}
