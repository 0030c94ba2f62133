package indexer

import "context"

// A Batcher is an index that answers for many of its own rows at once: one that is
// reached over a network, where a question costs more than its answer.
type Batcher interface {
	Index

	// Neighbours returns, for each of rows in their order, at most k rows nearest to it,
	// best first, ties by ascending row, without itself and without exclude, which the
	// index leaves out while it searches. Fewer come back only when fewer are left; a row
	// of zeros has none. Errors wrap ErrCount or catalog.ErrInvalid (a row out of range),
	// or catalog.ErrUnavailable when the index cannot be reached in time, or are ctx's
	// own.
	Neighbours(ctx context.Context, rows []uint32, k int, exclude []uint32) ([][]Hit, error)
}
