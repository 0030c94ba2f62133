package indexer

import "context"

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
