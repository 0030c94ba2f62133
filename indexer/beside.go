package indexer

import (
	"context"
	"slices"
)

// Beside returns ix with an exact index beside it that takes changes: what a search
// of ix finds is merged with a scan of the rows that came later, and rows that changed
// are left out of what ix finds. It is for indexes that take no changes themselves; a
// search costs a product more for each row that came later, and one with a keep, or
// after a row of ix changed, a look at one bit for each row that ix asks about.
func Beside(ix Index) Changer { return &beside{ix, NewTail(ix.Len())} }

type beside struct {
	base Index
	tail *Tail
}

func (b *beside) Len() int  { return b.tail.Len() }
func (b *beside) Dims() int { return b.base.Dims() }

func (b *beside) With(ctx context.Context, later []Later) (Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tail, err := b.tail.With(later, b.Dims())
	if err != nil {
		return nil, err
	}
	return &beside{b.base, tail}, nil
}

func (b *beside) Search(ctx context.Context, q []float32, k int, keep Keep) ([]Hit, error) {
	found, err := b.base.Search(ctx, q, k, b.tail.Keep(keep))
	if err != nil || len(b.tail.later) == 0 || ZeroRow(q, len(q), 0) {
		return found, err
	}
	var best Best
	best.Reset(min(k, b.Len()))
	for _, h := range found {
		best.Offer(h)
	}
	b.tail.Offer(&best, q, keep)
	return slices.Clip(best.Sorted()), nil
}
