package qdrant_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/indexertest"
	"marquee/indexer/qdrant"
)

// The kit, in every way that a search can go: with ids sent along or too many of them,
// exact, quantised, as it was built or as a bundle kept it.
func TestIndex(t *testing.T) {
	tests := []struct {
		name string
		edit func(*qdrant.Config)
		only []string // checks; nil: all
		then func(t *testing.T, c *qdrant.Client, ix *qdrant.Index, vecs []float32, dims int) indexer.Index
	}{
		{"default", func(*qdrant.Config) {}, nil, nil},
		{"no ids sent", func(c *qdrant.Config) { c.MaxIDs = 0 }, []string{"keep refuses the nearest", "zero rows"}, nil},
		{"quantised", func(c *qdrant.Config) { c.Quantise = true }, []string{"scores", "ties by row", "duplicates", "recall on movies"}, nil},
		{"exact", func(*qdrant.Config) {}, []string{"ties by row", "recall on profiles"}, func(_ *testing.T, _ *qdrant.Client, ix *qdrant.Index, _ []float32, _ int) indexer.Index {
			return ix.Exact()
		}},
		{"attached", func(*qdrant.Config) {}, []string{"shape", "bad queries", "zero query", "few rows"}, func(t *testing.T, c *qdrant.Client, ix *qdrant.Index, vecs []float32, dims int) indexer.Index {
			var buf bytes.Buffer
			if _, err := ix.WriteTo(&buf); err != nil {
				t.Fatal(err)
			}
			read, err := c.Attach(&buf, vecs, dims)
			if err != nil {
				t.Fatal(err)
			}
			return read
		}},
	}
	each(t, func(t *testing.T, p place) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				cfg := p.cfg
				tt.edit(&cfg)
				c := mustDial(t, cfg)
				minRecall := 1.0 // a collection this small has no graph
				if cfg.Quantise && p.fake == nil {
					minRecall = 0.98
				}
				build := func(t *testing.T, vecs []float32, dims int) indexer.Index {
					ix := mustBuild(t, c, vecs, dims)
					if p.fake == nil { // a real one has a log of its own for each, on its disk
						t.Cleanup(func() { _ = c.Remove(context.WithoutCancel(t.Context()), ix.Collection()) })
					}
					if tt.then != nil {
						return tt.then(t, c, ix, vecs, dims)
					}
					return ix
				}
				if tt.only == nil {
					indexertest.TestIndex(t, build, minRecall)
					return
				}
				for _, check := range indexertest.Checks() {
					if !slices.Contains(tt.only, check.Name) {
						continue
					}
					if err := check.Run(t, build, minRecall); err != nil {
						t.Errorf("%s: %v", check.Name, err)
					}
				}
			})
		}
	})
}
