package indexertest

import (
	"fmt"
	"slices"
	"testing"

	"marquee/indexer"
)

// benchQueries is how many different queries a benchmark asks in turn: enough
// that the rows they touch do not all stay in the nearest cache.
const benchQueries = 200

// Benchmark times Search for 10 neighbours in a world of n rows and reports
// recall@10 beside it, since either alone is easy: once with movies that are not
// in the index, once with profile vectors. impl names the index in the output.
func Benchmark(b *testing.B, impl string, n, dims int, build func(b *testing.B, vecs []float32, dims int) indexer.Index) {
	all := Clustered(1, n+benchQueries, dims)
	s := scan{all[:n*dims], dims}
	ix := build(b, s.vecs, dims)
	kinds := []struct {
		name  string
		asked []float32
	}{
		{"movies", all[n*dims:]},
		{"profiles", Profiles(1, s.vecs, dims, benchQueries)},
	}
	for _, kind := range kinds {
		b.Run(fmt.Sprintf("impl=%s/n=%d/dims=%d/k=10/queries=%s", impl, n, dims, kind.name), func(b *testing.B) {
			asked := slices.Collect(slices.Chunk(kind.asked, dims))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := ix.Search(b.Context(), asked[i%len(asked)], 10, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(benchRecall(b, ix, s, asked), "recall@10")
		})
	}
}

func benchRecall(b *testing.B, ix indexer.Index, s scan, asked [][]float32) float64 {
	hit, want := 0, 0
	for _, q := range asked {
		hits, err := ix.Search(b.Context(), q, 10, nil)
		if err != nil {
			b.Fatal(err)
		}
		truth := s.search(q, 10, nil)
		hit += found(s, q, hits, truth)
		want += len(truth)
	}
	return float64(hit) / float64(want)
}
