package lsa_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"marquee/embedder"
	"marquee/embedder/lsa"
)

// catalogOf returns n invented documents of some 100 words: two topics of 300
// each, and words by Zipf's law from a vocabulary of 40,000.
func catalogOf(n int) []string {
	random := rand.New(rand.NewPCG(7, 7))
	zipf := rand.NewZipf(random, 1.1, 8, 39_999)
	texts := make([]string, n)
	for i := range texts {
		topics := [3]uint64{0, 131 * random.Uint64N(300), 131 * random.Uint64N(300)}
		var text strings.Builder
		for range 100 {
			fmt.Fprintf(&text, "w%d ", (zipf.Uint64()*7+topics[random.IntN(3)])%40_000)
		}
		texts[i] = text.String()
	}
	return texts
}

// BenchmarkFit fits the default model, and reports beside the time how many
// terms it kept.
func BenchmarkFit(b *testing.B) {
	for _, n := range []int{2_000, 27_000} {
		b.Run(fmt.Sprintf("n=%d/rank=256", n), func(b *testing.B) {
			texts := catalogOf(n)
			b.ReportAllocs()
			var m *lsa.Model
			for b.Loop() {
				m = mustFit(b, texts, lsa.DefaultConfig())
			}
			b.ReportMetric(float64(m.Terms()), "terms")
		})
	}
}

// BenchmarkFitRealMovies fits the default model on 36,273 real movies.
func BenchmarkFitRealMovies(b *testing.B) {
	movies := realMovies(b, "wikipedia-movies.jsonl.gz")
	texts := make([]string, len(movies))
	for i, m := range movies {
		texts[i] = embedder.Document(m)
	}
	b.ReportAllocs()
	var m *lsa.Model
	for b.Loop() {
		m = mustFit(b, texts, lsa.DefaultConfig())
	}
	b.ReportMetric(float64(m.Terms()), "terms")
}

// BenchmarkEmbed embeds one document a step, on one processor.
func BenchmarkEmbed(b *testing.B) {
	texts := catalogOf(2000)
	m := mustFit(b, texts, lsa.DefaultConfig())
	dst := make([]float32, m.ID().Dims)
	for i := 0; b.Loop(); i++ {
		if err := m.Embed(b.Context(), texts[i%len(texts):][:1], dst); err != nil {
			b.Fatal(err)
		}
	}
}
