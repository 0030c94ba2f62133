package embedder_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder"
)

const dims = 3

// counter is an embedder that turns a text into a unit vector by its hash and
// remembers what it was asked.
type counter struct {
	revision string
	asked    []string
	failAt   int // fails when asked for this text, counted from 1; 0 never
	spoil    func(text string, row []float32)
}

var errEmbed = errors.New("embedder is tired")

func (c *counter) ID() embedder.ID {
	return embedder.ID{Model: "counter", Revision: c.revision, Dims: dims, Precision: "f32"}
}

func (c *counter) Embed(ctx context.Context, texts []string, dst []float32) error {
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.asked = append(c.asked, text)
		if len(c.asked) == c.failAt {
			return errEmbed
		}
		row := dst[i*dims : (i+1)*dims]
		copy(row, vectorOf(text))
		if c.spoil != nil {
			c.spoil(text, row)
		}
	}
	return nil
}

func vectorOf(text string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	angle := float64(h.Sum64()%100_000) / 100_000 * 2 * math.Pi
	return []float32{float32(math.Cos(angle)), float32(math.Sin(angle)), 0}
}

// memory is a cache in a map.
type memory struct {
	rows       map[catalog.VectorKey]catalog.Vector
	reads      []int // keys of each read
	puts       []int // vectors of each write
	readErr    error
	writeErr   error
	writeErrAt int // fails in this write, counted from 1
}

func (m *memory) Vectors(_ context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error) {
	m.reads = append(m.reads, len(keys))
	if m.readErr != nil {
		return nil, m.readErr
	}
	out := make(map[catalog.VectorKey][]float32)
	for _, k := range keys {
		if v, ok := m.rows[k]; ok {
			out[k] = v.Values
		}
	}
	return out, nil
}

func (m *memory) PutVectors(_ context.Context, vecs []catalog.Vector) error {
	m.puts = append(m.puts, len(vecs))
	if m.writeErr != nil && len(m.puts) == m.writeErrAt {
		return m.writeErr
	}
	if m.rows == nil {
		m.rows = make(map[catalog.VectorKey]catalog.Vector)
	}
	for _, v := range vecs {
		m.rows[v.Key] = v
	}
	return nil
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	return texts
}

func checkCorpus(t interface {
	Helper()
	Fatalf(string, ...any)
}, texts []string, got []float32) {
	t.Helper()
	if len(got) != len(texts)*dims {
		t.Fatalf("%d texts have %d values, want %d", len(texts), len(got), len(texts)*dims)
	}
	for i, text := range texts {
		want := vectorOf(text)
		if strings.TrimSpace(text) == "" {
			want = make([]float32, dims)
		}
		if row := got[i*dims : (i+1)*dims]; !slices.Equal(row, want) {
			t.Fatalf("vector %d, of %q, is %v, want %v", i, text, row, want)
		}
	}
}

func TestCorpusEmbedsOnlyWhatChanged(t *testing.T) {
	e, cache := &counter{revision: "1"}, &memory{}
	texts := numbered(1200)
	got, err := embedder.Corpus(t.Context(), e, cache, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkCorpus(t, texts, got)
	if want := []int{500, 500, 200}; !slices.Equal(cache.reads, want) {
		t.Errorf("keys asked of the cache: %v, want %v", cache.reads, want)
	}
	if want := []int{256, 256, 256, 256, 176}; !slices.Equal(cache.puts, want) {
		t.Errorf("vectors put into the cache: %v, want %v", cache.puts, want)
	}

	e.asked = nil
	texts[7], texts[900] = "changed", "also changed"
	if got, err = embedder.Corpus(t.Context(), e, cache, texts, nil); err != nil {
		t.Fatal(err)
	}
	checkCorpus(t, texts, got)
	if want := []string{"changed", "also changed"}; !slices.Equal(e.asked, want) {
		t.Errorf("second run embedded %q, want %q", e.asked, want)
	}

	next := &counter{revision: "2"}
	if _, err = embedder.Corpus(t.Context(), next, cache, texts, nil); err != nil {
		t.Fatal(err)
	}
	if len(next.asked) != len(texts) {
		t.Errorf("another revision embedded %d texts, want all %d: two IDs never meet", len(next.asked), len(texts))
	}
}

func TestCorpusStoresUnderKeyAndID(t *testing.T) {
	e, cache := &counter{revision: "1"}, &memory{}
	if _, err := embedder.Corpus(t.Context(), e, cache, []string{"heat"}, nil); err != nil {
		t.Fatal(err)
	}
	v, ok := cache.rows[embedder.Key(e.ID(), "heat")]
	if !ok || v.Embedder != "counter@1/3/f32" || !slices.Equal(v.Values, vectorOf("heat")) {
		t.Errorf("cache has %+v (found: %v), want the vector of counter@1/3/f32", v, ok)
	}
}

func TestKeyTellsIDsAndTextsApart(t *testing.T) {
	id := embedder.ID{Model: "m", Revision: "r", Dims: 1, Precision: "f32"}
	other := id
	other.Revision = "r2"
	a, b, c := embedder.Key(id, "x"), embedder.Key(other, "x"), embedder.Key(id, "y")
	if a == b || a == c || b == c {
		t.Error("keys of other IDs or texts are equal")
	}
	if a != embedder.Key(id, "x") {
		t.Error("the key of one ID and text changes")
	}
}

// Whatever the texts, and whatever part of them is cached: right vectors, each
// distinct text embedded at most once, blank ones never, progress that grows to
// the total.
func TestCorpusProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", " ", "\n", "a", "b", "c", "d", "heat", "\xff"})
		texts := rapid.SliceOfN(word, 0, 30).Draw(t, "texts")
		e := &counter{revision: "1"}
		var cache embedder.Cache
		if rapid.Bool().Draw(t, "with cache") {
			m := &memory{}
			cache = m
			for _, text := range rapid.SliceOf(word).Draw(t, "cached") {
				_ = m.PutVectors(context.Background(), []catalog.Vector{{Key: embedder.Key(e.ID(), text), Values: vectorOf(text)}})
			}
		}
		last, calls := -1, 0
		got, err := embedder.Corpus(context.Background(), e, cache, texts, func(done, total, cached int) {
			if done < last || total != len(texts) || cached > done {
				t.Fatalf("progress %d of %d, %d cached, after %d of %d", done, total, cached, last, len(texts))
			}
			last = done
			calls++
		})
		if err != nil {
			t.Fatal(err)
		}
		checkCorpus(t, texts, got)
		if calls == 0 || last != len(texts) {
			t.Fatalf("last progress is %d after %d calls, want %d", last, calls, len(texts))
		}
		once := make(map[string]bool)
		for _, text := range e.asked {
			if once[text] || strings.TrimSpace(text) == "" {
				t.Fatalf("embedder was asked for %q of %q", text, e.asked)
			}
			once[text] = true
		}
	})
}

func TestCorpusCountsCopiesAsCached(t *testing.T) {
	e, cache := &counter{revision: "1"}, &memory{}
	if _, err := embedder.Corpus(t.Context(), e, cache, []string{"a"}, nil); err != nil {
		t.Fatal(err)
	}
	var cached int
	if _, err := embedder.Corpus(t.Context(), e, cache, []string{"a", "b", "a", "", "b"}, func(_, _, c int) { cached = c }); err != nil {
		t.Fatal(err)
	}
	if cached != 2 {
		t.Errorf("%d texts came from the cache, want 2", cached)
	}
}

func TestCorpusReplacesDamagedVectors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, damaged := range map[string][]float32{
		"too short": {1, 0}, "too long": {1, 0, 0, 0}, "none": nil,
		"NaN": {nan, 0, 0}, "infinite": {inf, 0, 0}, "not unit": {0.5, 0, 0},
	} {
		e, cache := &counter{revision: "1"}, &memory{}
		key := embedder.Key(e.ID(), "heat")
		_ = cache.PutVectors(t.Context(), []catalog.Vector{{Key: key, Values: damaged}})
		got, err := embedder.Corpus(t.Context(), e, cache, []string{"heat"}, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkCorpus(t, []string{"heat"}, got)
		if !slices.Equal(cache.rows[key].Values, vectorOf("heat")) {
			t.Errorf("%s: cache still has %v", name, cache.rows[key].Values)
		}
	}
}

func TestCorpusKeepsZeroVectors(t *testing.T) {
	e, cache := &counter{revision: "1"}, &memory{}
	e.spoil = func(_ string, row []float32) { clear(row) }
	for range 2 {
		if _, err := embedder.Corpus(t.Context(), e, cache, []string{"?"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.asked) != 1 {
		t.Errorf("a text whose vector is zeros was embedded %d times, want once", len(e.asked))
	}
}

func TestCorpusInterruptedLosesOneBatch(t *testing.T) {
	e, cache := &counter{revision: "1", failAt: 600}, &memory{}
	texts := numbered(1000)
	if _, err := embedder.Corpus(t.Context(), e, cache, texts, nil); !errors.Is(err, errEmbed) {
		t.Fatalf("error is %v, want the embedder's", err)
	}
	if len(cache.rows) != 512 {
		t.Errorf("%d vectors were kept of 599 made, want 512", len(cache.rows))
	}
	e = &counter{revision: "1"}
	got, err := embedder.Corpus(t.Context(), e, cache, texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkCorpus(t, texts, got)
	if len(e.asked) != 1000-512 {
		t.Errorf("second run embedded %d texts, want %d", len(e.asked), 1000-512)
	}
}

func TestCorpusErrors(t *testing.T) {
	errStore := fmt.Errorf("disk is full: %w", catalog.ErrUnavailable)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	spoilt := func(x float64) *counter {
		return &counter{revision: "1", spoil: func(_ string, row []float32) { row[0] = float32(x) }}
	}
	for _, c := range []struct {
		name  string
		ctx   context.Context
		e     *counter
		cache *memory
		is    error
		says  string
	}{
		{"cache cannot be read", t.Context(), &counter{revision: "1"}, &memory{readErr: errStore}, catalog.ErrUnavailable, "read 3 cached vectors of counter@1/3/f32"},
		{"cache cannot be written", t.Context(), &counter{revision: "1"}, &memory{writeErr: errStore, writeErrAt: 1}, catalog.ErrUnavailable, "cache 3 vectors of counter@1/3/f32"},
		{"cancelled", cancelled, &counter{revision: "1"}, nil, context.Canceled, "embed 3 texts with counter@1/3/f32"},
		{"embedder gives NaN", t.Context(), spoilt(math.NaN()), &memory{}, nil, `gave "text 0" a vector that is not of unit length`},
		{"embedder gives long vectors", t.Context(), spoilt(9), nil, nil, `gave "text 0" a vector that is not of unit length`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cache embedder.Cache
			if c.cache != nil {
				cache = c.cache
			}
			_, err := embedder.Corpus(c.ctx, c.e, cache, numbered(3), nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error is %v, want one that says %q and wraps %v", err, c.says, c.is)
			}
			if c.cache != nil && len(c.cache.rows) != 0 {
				t.Errorf("%d vectors were kept, want none", len(c.cache.rows))
			}
		})
	}
}

func TestCorpusOfNothing(t *testing.T) {
	for _, texts := range [][]string{nil, {}, {"", " "}} {
		e, cache := &counter{revision: "1"}, &memory{readErr: errEmbed}
		got, err := embedder.Corpus(t.Context(), e, cache, texts, nil)
		if err != nil || len(got) != len(texts)*dims || len(e.asked) != 0 {
			t.Errorf("%q: %d values, %d asked, error %v; want %d zeros without asking anybody", texts, len(got), len(e.asked), err, len(texts)*dims)
		}
	}
}
