package hnsw_test

import (
	"bytes"
	"fmt"
	"testing"

	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
)

// The size of the catalog that the issue speaks of.
const (
	catalogRows = 27000
	catalogDims = 384
)

func BenchmarkSearch(b *testing.B) {
	indexertest.Benchmark(b, "hnsw", catalogRows, catalogDims, func(b *testing.B, vecs []float32, dims int) indexer.Index {
		return mustNew(b, vecs, dims, hnsw.DefaultConfig())
	})
}

// BenchmarkBuild makes all of a build that is not embedding: the graph, measured and
// calibrated, and the neighbour table.
func BenchmarkBuild(b *testing.B) {
	vecs := indexertest.Clustered(1, catalogRows, catalogDims)
	cal := indexer.DefaultCalibration()
	cal.Profiles = indexertest.Profiles(1, vecs, catalogDims, 200)
	b.Run("hnsw", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := hnsw.Build(b.Context(), vecs, catalogDims, hnsw.DefaultConfig(), cal, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("table/k=100", func(b *testing.B) {
		for b.Loop() {
			if _, err := indexer.Neighbours(b.Context(), vecs, catalogDims, 100, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	vecs := indexertest.Clustered(1, catalogRows, catalogDims)
	data := encoded(b, mustNew(b, vecs, catalogDims, quick()))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := hnsw.Read(bytes.NewReader(data), vecs, catalogDims); err != nil {
			b.Fatal(err)
		}
	}
}

// quick has as many links as the default, found sooner.
func quick() hnsw.Config {
	cfg := hnsw.DefaultConfig()
	cfg.EfConstruction = 40
	return cfg
}

func BenchmarkWith(b *testing.B) {
	all := indexertest.Clustered(1, catalogRows+100, catalogDims)
	cut := catalogRows * catalogDims
	ix := mustNew(b, all[:cut], catalogDims, hnsw.DefaultConfig())
	vector := func(i int) []float32 { return all[cut+i*catalogDims:][:catalogDims] }
	zeros := make([]float32, catalogDims)
	first, err := indexer.With(b.Context(), ix, []indexer.Later{{Row: 0, Vector: vector(0)}}) // makes room for codes
	if err != nil {
		b.Fatal(err)
	}
	kinds := []struct {
		name string
		of   func(i int) indexer.Later
	}{
		{"new", func(i int) indexer.Later { return indexer.Later{Row: uint32(catalogRows + i), Vector: vector(i)} }},
		{"edited", func(i int) indexer.Later { return indexer.Later{Row: uint32(i * 7), Vector: vector(i)} }},
		{"removed", func(i int) indexer.Later { return indexer.Later{Row: uint32(i * 7), Vector: zeros} }},
	}
	for _, kind := range kinds {
		for _, n := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/rows=%d", kind.name, n), func(b *testing.B) {
				later := make([]indexer.Later, n)
				for i := range later {
					later[i] = kind.of(i)
				}
				at := first
				for i := 0; b.Loop(); i++ {
					next, err := indexer.With(b.Context(), at, later)
					if err != nil {
						b.Fatal(err)
					}
					if kind.name != "removed" && n == 1 && i%50 < 49 {
						at = next // one after the other, as they come
						later[0].Row++
						if kind.name == "edited" {
							later[0].Row += 10
						}
					} else {
						at = first
						later[0] = kind.of(0)
					}
				}
			})
		}
	}
}

func BenchmarkChurn(b *testing.B) {
	indexertest.BenchmarkChurn(b, "hnsw", catalogRows, catalogDims, func(b *testing.B, vecs []float32, dims int) indexer.Index {
		cfg := hnsw.DefaultConfig()
		cfg.Ef = 80 // what a build of this size finds to be enough
		return mustNew(b, vecs, dims, cfg)
	})
}
