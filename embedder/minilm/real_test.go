package minilm

import (
	"context"
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

// Every kernel path gives the vectors of the other engine. The texts run
// together, through the path that has no zeros for texts that say nothing.
func TestRealVectors(t *testing.T) {
	m := openModel(t)
	all := goldens(t)
	ids := make([][]int32, len(all))
	for i, g := range all {
		ids[i] = g.IDs
	}
	defer vec.Use(vec.Path())
	for _, path := range vec.Paths() {
		if path == "go" && testing.Short() {
			continue
		}
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, len(all)*m.ID().Dims)
		if err := m.encode(context.Background(), dst, ids); err != nil {
			t.Fatal(err)
		}
		least := 1.0
		for i, g := range all {
			cosine := inner(dst[i*m.ID().Dims:][:m.ID().Dims], g.floats())
			least = min(least, cosine)
			if !(cosine >= 0.9999) {
				t.Errorf("%s, %s: cosine with the other engine's vector is %v, want at least 0.9999", path, g.Name, cosine)
			}
		}
		t.Logf("%s: least cosine 1 - %.1e over %d texts", path, 1-least, len(all))
	}
}

func TestRealConforms(t *testing.T) {
	embeddertest.TestEmbedder(t, openModel(t))
}

// inner returns the cosine of two vectors, in float64.
func inner(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}
