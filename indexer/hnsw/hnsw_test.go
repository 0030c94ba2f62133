package hnsw_test

import (
	"testing"

	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
)

func TestIndex(t *testing.T) {
	indexertest.TestIndex(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
		ix, err := hnsw.New(t.Context(), vecs, dims, hnsw.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		return ix
	}, 0.98)
}
