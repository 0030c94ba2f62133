package indexer_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/indexer/indexertest"
)

// A plain index takes no changes; it notes whether the last search had a keep.
type plain struct {
	ix   *flat.Index
	kept *bool
}

func (p plain) Len() int  { return p.ix.Len() }
func (p plain) Dims() int { return p.ix.Dims() }

func (p plain) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if p.kept != nil {
		*p.kept = keep != nil
	}
	return p.ix.Search(ctx, q, k, keep)
}

func mustFlat(t testing.TB, vecs []float32, dims int) *flat.Index {
	t.Helper()
	ix, err := flat.New(vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func TestBesideConforms(t *testing.T) {
	indexertest.TestIndex(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
		return indexer.Beside(plain{ix: mustFlat(t, vecs, dims)})
	}, 1)
}

// A search without a keep stays one as long as no row of the index itself changed.
func TestBesideAsksNothingForNothing(t *testing.T) {
	const n, dims = 50, 8
	vecs := indexertest.Clustered(1, n+1, dims)
	kept := false
	var ix indexer.Index = indexer.Beside(plain{mustFlat(t, vecs[:n*dims], dims), &kept})
	v := vecs[n*dims:]
	for _, step := range []struct {
		later indexer.Later
		kept  bool
	}{
		{indexer.Later{Row: n, Vector: v}, false},
		{indexer.Later{Row: n, Vector: make([]float32, dims)}, false},
		{indexer.Later{Row: 3, Vector: v}, true},
	} {
		var err error
		if ix, err = indexer.With(t.Context(), ix, []indexer.Later{step.later}); err != nil {
			t.Fatal(err)
		}
		if _, err := ix.Search(t.Context(), v, 5, nil); err != nil || kept != step.kept {
			t.Errorf("after row %d changed the index is searched with a keep: %v, want %v; error %v", step.later.Row, kept, step.kept, err)
		}
	}
}

// What changed row by row answers what a new index of the same rows does, to the bit,
// beside an index or within one.
func TestChangesAreAsGoodAsABuild(t *testing.T) {
	const dims = 8
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 100).Draw(rt, "rows")
		pool := indexertest.Clustered(rapid.Uint64Range(0, 5).Draw(rt, "seed"), n+60, dims)
		vecs := slices.Clone(pool[:n*dims])
		int8s, err := flat.NewInt8(pool[:n*dims:n*dims], dims)
		if err != nil {
			rt.Fatal(err)
		}
		exact := mustFlat(t, pool[:n*dims:n*dims], dims)
		all := []indexer.Index{exact, int8s, indexer.Beside(plain{ix: exact})}
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			var later []indexer.Later
			for range rapid.IntRange(0, 12).Draw(rt, "changes") {
				l := indexer.Later{Row: uint32(rapid.IntRange(0, len(vecs)/dims).Draw(rt, "row")), Vector: make([]float32, dims)}
				if at := rapid.IntRange(-10, 59).Draw(rt, "vector"); at >= 0 {
					l.Vector = pool[(n+at)*dims:][:dims]
				}
				if int(l.Row) == len(vecs)/dims {
					vecs = append(vecs, l.Vector...)
				}
				copy(vecs[int(l.Row)*dims:], l.Vector)
				later = append(later, l)
			}
			built := mustFlat(t, slices.Clone(vecs), dims)
			q, k := pool[n*dims:][:dims], rapid.IntRange(1, 150).Draw(rt, "k")
			keep := rapid.SampledFrom([]indexer.Keep{nil, func(row uint32) bool { return row%2 == 0 }}).Draw(rt, "keep")
			want, err := built.Search(t.Context(), q, k, keep)
			if err != nil {
				rt.Fatal(err)
			}
			for i, ix := range all {
				if all[i], err = indexer.With(t.Context(), ix, later); err != nil {
					rt.Fatal(err)
				}
				if got, err := all[i].Search(t.Context(), q, k, keep); err != nil || !slices.Equal(got, want) {
					rt.Fatalf("index %d gives %v, error %v; a build of the same rows %v", i, got, err, want)
				}
			}
		}
	})
}
