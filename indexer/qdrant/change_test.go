package qdrant_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/indexer"
	"marquee/indexer/indexertest"
	"marquee/indexer/qdrant"
	"marquee/indexer/qdrant/qdranttest"
)

func with(t testing.TB, ix *qdrant.Index, later ...indexer.Later) *qdrant.Index {
	t.Helper()
	next, err := ix.WithPayloads(t.Context(), later, nil)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// agrees says whether an index answers as a scan of vectors does.
func agrees(ctx context.Context, ix indexer.Batcher, vectors [][]float32, q []float32, k int) error {
	if ix.Len() != len(vectors) {
		return fmt.Errorf("%d rows, want %d", ix.Len(), len(vectors))
	}
	got, err := ix.Search(ctx, q, k, nil)
	if err != nil {
		return err
	}
	if err := same(got, naive(vectors, q, k, func(uint32) bool { return true })); err != nil {
		return err
	}
	odd := func(row uint32) bool { return row%2 == 1 }
	if got, err = ix.Search(ctx, q, k, odd); err != nil {
		return err
	}
	if err := same(got, naive(vectors, q, k, odd)); err != nil {
		return fmt.Errorf("odd rows: %w", err)
	}
	last := uint32(len(vectors) - 1)
	lists, err := ix.Neighbours(ctx, []uint32{0, last}, k, []uint32{2, 3})
	if err != nil {
		return err
	}
	for i, r := range []uint32{0, last} {
		var want []indexer.Hit
		if v := vectors[r]; !indexer.ZeroRow(v, len(v), 0) {
			want = naive(vectors, v, k, func(row uint32) bool { return row != r && row != 2 && row != 3 })
		}
		if err := same(lists[i], want); err != nil {
			return fmt.Errorf("neighbours of row %d: %w", r, err)
		}
	}
	return nil
}

// Changes in any order answer as a scan of what they make; each index goes on as it was,
// also while another server knows other changes of the same collection.
func TestWith(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		const rows = 60
		pool := indexertest.Clustered(21, 400, dims)
		vecs := slices.Clone(pool[:rows*dims])
		clear(row(vecs, 7))
		cfg := p.cfg
		cfg.MaxIDs = 2
		first := mustBuild(t, mustDial(t, cfg), vecs, dims)
		type state struct {
			ix      *qdrant.Index
			vectors [][]float32
		}
		start := state{first, rowsOf(vecs)}
		rapid.Check(t, func(rt *rapid.T) {
			states := []state{start}
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				at := rapid.IntRange(0, len(states)-1).Draw(rt, "on") // on an older one: another server
				next := state{states[at].ix, slices.Clone(states[at].vectors)}
				var later []indexer.Later
				for range rapid.IntRange(0, 8).Draw(rt, "changes") {
					l := indexer.Later{Row: uint32(rapid.IntRange(0, len(next.vectors)).Draw(rt, "row"))}
					l.Vector = row(pool, rapid.IntRange(0, 399).Draw(rt, "vector"))
					if rapid.IntRange(0, 4).Draw(rt, "gone") == 0 {
						l.Vector = make([]float32, dims)
					}
					if int(l.Row) == len(next.vectors) {
						next.vectors = append(next.vectors, nil)
					}
					next.vectors[l.Row] = l.Vector
					later = append(later, l)
				}
				ix, err := next.ix.With(rt.Context(), later)
				if err != nil {
					rt.Fatal(err)
				}
				next.ix = ix.(*qdrant.Index)
				states = append(states, next)
			}
			q := row(pool, rapid.IntRange(0, 399).Draw(rt, "q"))
			k := rapid.IntRange(1, 80).Draw(rt, "k")
			for i, s := range states {
				if i >= len(states)-2 {
					if err := agrees(rt.Context(), s.ix, s.vectors, q, k); err != nil {
						rt.Fatalf("state %d, k=%d: %v", i, k, err)
					}
				} else if hits, err := s.ix.Search(rt.Context(), q, k, nil); err != nil {
					rt.Fatal(err)
				} else if err := same(hits, naive(s.vectors, q, k, func(uint32) bool { return true })); err != nil {
					rt.Fatalf("state %d, k=%d: %v", i, k, err)
				}
			}
		})
	})
}

func TestWithRefuses(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	vecs := clustered(22, 20)
	ix := mustBuild(t, mustDial(t, quick(fake.Addr)), vecs, dims)
	tests := []struct {
		name  string
		later indexer.Later
		want  error
	}{
		{"short", indexer.Later{Row: 1, Vector: vecs[:3]}, indexer.ErrDims},
		{"a gap", indexer.Later{Row: 21, Vector: vecs[:dims]}, indexer.ErrDims},
		{"long", indexer.Later{Row: 1, Vector: append([]float32{9}, vecs[1:dims]...)}, indexer.ErrRow},
	}
	for _, tt := range tests {
		if _, err := ix.With(t.Context(), []indexer.Later{tt.later}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ix.With(ended, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Two servers that send the same change make one point of it, and two that number their
// movies differently do not write over one another.
func TestTwoServersChangeOneCollection(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	pool := clustered(23, 60)
	vecs := pool[:50*dims]
	c := mustDial(t, quick(fake.Addr))
	built := mustBuild(t, c, vecs, dims)
	other, err := mustDial(t, quick(fake.Addr)).Open(t.Context(), built.Collection(), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	x, y := row(pool, 55), row(pool, 56)
	a := with(t, built, indexer.Later{Row: 50, Vector: x})
	if n := fake.Collections()[built.Collection()]; n != 51 {
		t.Fatalf("%d points, want 51", n)
	}
	b := with(t, other, indexer.Later{Row: 50, Vector: x})
	if n := fake.Collections()[built.Collection()]; n != 51 {
		t.Errorf("%d points after the same change from another server, want 51", n)
	}
	b = with(t, b, indexer.Later{Row: 51, Vector: y})
	d := with(t, other, indexer.Later{Row: 50, Vector: y}, indexer.Later{Row: 51, Vector: x})
	for _, tt := range []struct {
		name string
		ix   *qdrant.Index
		want uint32
	}{{"a", a, 50}, {"b", b, 50}, {"d", d, 51}} {
		if hits, err := tt.ix.Search(t.Context(), x, 1, nil); err != nil || hits[0].Row != tt.want {
			t.Errorf("server %s finds %v, error %v, want row %d", tt.name, hits, err, tt.want)
		}
	}
	again, err := c.Open(t.Context(), built.Collection(), vecs, dims) // a server that starts now
	if err != nil {
		t.Fatal(err)
	}
	if err := agrees(t.Context(), again, rowsOf(vecs), x, 10); err != nil {
		t.Error(err)
	}
}

// A change does not wait for a server that is down: its rows are found here, and sent
// with the next ones.
func TestWithWhileTheServerIsDown(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	cfg := quick(fake.Addr)
	pool := clustered(24, 60)
	vecs := pool[:50*dims]
	first := mustBuildFrom(t, mustDial(t, cfg), qdrant.Source{Name: "down", Vectors: vecs, Dims: dims, Payloads: movies(50)})
	fake.Stop()
	added, err := first.WithPayloads(t.Context(), []indexer.Later{{Row: 50, Vector: row(pool, 50)}}, []qdrant.Payload{{ID: "new", Language: "is"}})
	if err != nil {
		t.Fatal(err)
	}
	edited := with(t, added, indexer.Later{Row: 3, Vector: row(pool, 51)})
	fake.Restart(t)
	check := func(what string, ix *qdrant.Index) {
		t.Helper()
		vectors := rowsOf(slices.Clone(pool[:51*dims]))
		vectors[3] = row(pool, 51)
		for k := range 52 {
			if err := agrees(t.Context(), ix, vectors, row(pool, 51), k+1); err != nil {
				t.Errorf("%s, k=%d: %v", what, k+1, err)
			}
		}
		hits, err := ix.SearchFilter(t.Context(), row(pool, 51), 5, qdrant.Filter{Language: "is"})
		if err != nil || len(hits) != 1 || hits[0].Row != 50 {
			t.Errorf("%s: filtered %v, error %v, want row 50", what, hits, err)
		}
	}
	waitFor(t, first)
	check("not sent yet", edited)
	if n := fake.Collections()[first.Collection()]; n != 50 {
		t.Errorf("%d points, want 50", n)
	}
	sent := with(t, edited)
	check("sent", sent)
	if n := fake.Collections()[first.Collection()]; n != 52 {
		t.Errorf("%d points, want 52", n)
	}
}

// An edited row keeps what the server knows of it, unless something else is said.
func TestWithKeepsPayloads(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		pool := clustered(25, 60)
		vecs := pool[:50*dims]
		payloads := movies(50)
		payloads[9] = qdrant.Payload{ID: "nine", Year: 1999, Genres: []string{"Western", "Drama"}, Language: "is"}
		first := mustBuildFrom(t, mustDial(t, p.cfg), qdrant.Source{Name: "kept", Vectors: vecs, Dims: dims, Payloads: payloads})
		western := func(ix *qdrant.Index, language string) []indexer.Hit {
			t.Helper()
			hits, err := ix.SearchFilter(t.Context(), row(pool, 55), 5, qdrant.Filter{Genres: []string{"Western"}, YearFrom: 1999, Language: language})
			if err != nil {
				t.Fatal(err)
			}
			return hits
		}
		once := with(t, first, indexer.Later{Row: 9, Vector: row(pool, 55)})
		twice := with(t, once, indexer.Later{Row: 9, Vector: row(pool, 56)})
		for i, ix := range []*qdrant.Index{first, once, twice} {
			if hits := western(ix, "is"); len(hits) != 1 || hits[0].Row != 9 {
				t.Errorf("after %d edits: %v, want row 9", i, hits)
			}
		}
		told, err := twice.WithPayloads(t.Context(), []indexer.Later{{Row: 9, Vector: row(pool, 57)}}, []qdrant.Payload{{ID: "nine", Year: 2000, Genres: []string{"Western"}, Language: "en"}})
		if err != nil {
			t.Fatal(err)
		}
		if hits := western(told, "is"); len(hits) != 0 {
			t.Errorf("with another payload: %v, want none", hits)
		}
		if hits := western(told, "en"); len(hits) != 1 || hits[0].Row != 9 {
			t.Errorf("with another payload: %v, want row 9", hits)
		}
		if hits := western(with(t, told, indexer.Later{Row: 9, Vector: make([]float32, dims)}), "en"); len(hits) != 0 {
			t.Errorf("a row that is gone: %v", hits)
		}
	})
}
