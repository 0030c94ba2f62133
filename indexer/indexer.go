package indexer

import (
	"context"
	"errors"
	"fmt"
	"math"
)

var (
	// ErrDims reports a vector whose length is not the index's.
	ErrDims = errors.New("wrong vector length")
	// ErrVector reports a vector with NaN or infinity in it.
	ErrVector = errors.New("vector is not finite")
	// ErrCount reports a number of neighbours asked for that is below 1.
	ErrCount = errors.New("number of neighbours below 1")
)

// A Hit is a row near the query.
type Hit struct {
	Row   uint32
	Score float32 // inner product with the query; grows with nearness
}

// A Keep says whether a row may be among the results. It is pushed into the
// search, so that k rows come back when k rows are kept. A nil Keep keeps all.
type Keep func(row uint32) bool

// An Index holds [Len x Dims] vectors and answers which lie nearest to a query.
// Any number of goroutines may search at once.
type Index interface {
	Len() int
	Dims() int

	// Search returns at most k kept rows nearest to q, best first, ties by
	// ascending row, each row once. Fewer come back only when fewer are kept.
	// Rows of zeros are never returned; a q of zeros has no neighbours.
	// Errors wrap ErrDims, ErrVector or ErrCount, or are ctx's own.
	Search(ctx context.Context, q []float32, k int, keep Keep) ([]Hit, error)
}

// CheckQuery returns the error of [Index.Search] for a query that no index of
// dims can answer.
func CheckQuery(q []float32, dims, k int) error {
	if len(q) != dims {
		return fmt.Errorf("query has %d values, the index %d: %w", len(q), dims, ErrDims)
	}
	if k < 1 {
		return fmt.Errorf("asked for %d neighbours, want 1 or more: %w", k, ErrCount)
	}
	for i, v := range q {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("query value %d is %v: %w", i, v, ErrVector)
		}
	}
	return nil
}
