package coderhnsw_test

import (
	"testing"

	"marquee/indexer"
	"marquee/indexer/coderhnsw"
	"marquee/indexer/indexertest"
)

func TestIndex(t *testing.T) {
	cfg := coderhnsw.DefaultConfig()
	cfg.Fetch = 150
	indexertest.TestIndex(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
		ix, err := coderhnsw.New(t.Context(), vecs, dims, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return ix
	}, 0.75)
}
