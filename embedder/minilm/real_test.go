package minilm

import (
	"math"
	"slices"
	"strings"
	"testing"

	"marquee/embedder/embeddertest"
	"marquee/embedder/vec"
)

func TestRealTokens(t *testing.T) {
	m := openModel(t)
	tok := newTokenizer(m.vocab, m.weights.tokens)
	for _, g := range goldens(t) {
		if got := tok.encode(nil, g.Text); !slices.Equal(got, g.IDs) {
			t.Errorf("%s: ids are %v, want %v", g.Name, got, g.IDs)
		}
	}
}

// No character with which we differ from the reference is in the vocabulary, so
// that the model knows none of the words in question either way.
func TestRealVocabularyHasNoExceptions(t *testing.T) {
	m := openModel(t)
	differ := string(exceptions(t))
	for _, pieces := range []map[string]int32{m.vocab.heads, m.vocab.tails} {
		for piece := range pieces {
			if strings.ContainsAny(piece, differ) {
				t.Errorf("piece %q has a character with which we differ from the reference", piece)
			}
		}
	}
}

// Every kernel path gives the vectors of the other engine; plain Go, which is
// slow, those of the shorter texts. They go through the path that has no zeros
// for texts that say nothing.
func TestRealVectors(t *testing.T) {
	m := openModel(t)
	defer vec.Use(vec.Path())
	for _, path := range vec.Paths() {
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
		all := goldens(t)
		if path == "go" {
			all = slices.DeleteFunc(all, func(g golden) bool { return len(g.IDs) > 16 })
		}
		least := leastCosine(t, m, all)
		if !(least >= 0.9999) {
			t.Errorf("%s: least cosine is %v, want at least 0.9999", path, least)
		}
		t.Logf("%s: least cosine 1 - %.1e over %d texts", path, 1-least, len(all))
	}
}

func leastCosine(t *testing.T, m *Model, all []golden) float64 {
	t.Helper()
	dims := m.ID().Dims
	ids := make([][]int32, len(all))
	for i, g := range all {
		ids[i] = g.IDs
	}
	dst := make([]float32, len(all)*dims)
	if err := m.encode(t.Context(), dst, ids); err != nil {
		t.Fatal(err)
	}
	least := 1.0
	for i, g := range all {
		c := cosine(dst[i*dims:][:dims], g.floats())
		if !(c >= 0.9999) {
			t.Errorf("%s, %s: cosine with the other engine's vector is %v", vec.Path(), g.Name, c)
		}
		least = min(least, c)
	}
	return least
}

// A text without a word that the model knows gets zeros, unlike in the model.
func TestRealSilence(t *testing.T) {
	m := openModel(t)
	texts := []string{"", "\u200b", "\U0001F3AC", "日 \U0001F3AC", "film"}
	dst := make([]float32, len(texts)*m.ID().Dims)
	if err := m.Embed(t.Context(), texts, dst); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		zeros := !slices.ContainsFunc(dst[i*m.ID().Dims:][:m.ID().Dims], func(v float32) bool { return v != 0 })
		if silent := i < 3; zeros != silent {
			t.Errorf("%q: vector of zeros is %v, want %v", text, zeros, silent)
		}
	}
}

func TestRealConforms(t *testing.T) {
	embeddertest.TestEmbedder(t, openModel(t))
}

// cosine returns the cosine of two vectors, in float64.
func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// BenchmarkEmbed reports texts of 80 tokens a second on all processors.
func BenchmarkEmbed(b *testing.B) {
	m := openModel(b)
	texts := make([]string, 64)
	for i := range texts {
		texts[i] = strings.Repeat("a film ", 39)
	}
	dst := make([]float32, len(texts)*m.ID().Dims)
	for b.Loop() {
		if err := m.Embed(b.Context(), texts, dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "texts/s")
}
