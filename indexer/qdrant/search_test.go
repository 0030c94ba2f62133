package qdrant_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/indexer/qdrant"
	"marquee/indexer/qdrant/qdranttest"
)

// naive returns what a search must give: the k best of the rows that keep lets.
func naive(vectors [][]float32, q []float32, k int, keep func(row uint32) bool) []indexer.Hit {
	var all []indexer.Hit
	for i, v := range vectors {
		if !indexer.ZeroRow(v, len(v), 0) && keep(uint32(i)) {
			all = append(all, indexer.Hit{Row: uint32(i), Score: vec.Dot(q, v)})
		}
	}
	slices.SortFunc(all, func(a, b indexer.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
	})
	return all[:min(k, len(all))]
}

func rowsOf(vecs []float32) [][]float32 { return slices.Collect(slices.Chunk(vecs, dims)) }

// same says whether two lists agree, but for rows at their ends whose scores differ by
// no more than a sum in another order does.
func same(got, want []indexer.Hit) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, want %d: %v, want %v", len(got), len(want), got, want)
	}
	if indexer.Found(got, want) != len(want) {
		return fmt.Errorf("%v, want %v", got, want)
	}
	return nil
}

// movies returns payloads that overlap in every field.
func movies(n int) []qdrant.Payload {
	rng := rand.New(rand.NewPCG(1, 2))
	genres := []string{"Action", "Comedy", "Drama", "Sci-Fi"}
	all := make([]qdrant.Payload, n)
	for i := range all {
		p := qdrant.Payload{ID: fmt.Sprintf("movie+%d", i), Adult: rng.IntN(10) == 0}
		for _, g := range genres {
			if rng.IntN(3) == 0 {
				p.Genres = append(p.Genres, g)
			}
		}
		if rng.IntN(8) > 0 {
			p.Year = 1990 + rng.IntN(30)
		}
		p.Language = []string{"", "en", "de", "fr"}[rng.IntN(4)]
		all[i] = p
	}
	return all
}

func passes(f qdrant.Filter, p qdrant.Payload) bool {
	if len(f.Genres) > 0 && !slices.ContainsFunc(p.Genres, func(g string) bool { return slices.Contains(f.Genres, g) }) {
		return false
	}
	if (f.YearFrom != 0 || f.YearTo != 0) && (p.Year == 0 || p.Year < f.YearFrom || f.YearTo != 0 && p.Year > f.YearTo) {
		return false
	}
	return (f.Language == "" || f.Language == p.Language) && !(f.NoAdult && p.Adult)
}

func drawFilter(t *rapid.T, rows int) qdrant.Filter {
	return qdrant.Filter{
		Exclude:  rapid.SliceOfN(rapid.Uint32Range(0, uint32(rows+3)), 0, 40).Draw(t, "exclude"),
		Genres:   rapid.SliceOfN(rapid.SampledFrom([]string{"Action", "Comedy", "Western"}), 0, 2).Draw(t, "genres"),
		YearFrom: rapid.SampledFrom([]int{0, 0, 2000}).Draw(t, "from"),
		YearTo:   rapid.SampledFrom([]int{0, 0, 2010}).Draw(t, "to"),
		Language: rapid.SampledFrom([]string{"", "", "de", "xx"}).Draw(t, "language"),
		NoAdult:  rapid.Bool().Draw(t, "no adult"),
	}
}

func TestSearchFilter(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		for _, ids := range []int{2048, 10} {
			cfg := p.cfg
			cfg.MaxIDs = ids
			vecs := clustered(11, 300)
			clear(row(vecs, 17))
			src := qdrant.Source{Name: "filter", Vectors: vecs, Dims: dims, Payloads: movies(300)}
			ix := mustBuildFrom(t, mustDial(t, cfg), src)
			rapid.Check(t, func(t *rapid.T) {
				f := drawFilter(t, 300)
				q := row(vecs, rapid.IntRange(18, 299).Draw(t, "near"))
				k := rapid.IntRange(1, 60).Draw(t, "k")
				got, err := ix.SearchFilter(t.Context(), q, k, f)
				if err != nil {
					t.Fatal(err)
				}
				want := naive(rowsOf(vecs), q, k, func(row uint32) bool {
					return !slices.Contains(f.Exclude, row) && passes(f, src.Payloads[row])
				})
				if err := same(got, want); err != nil {
					t.Fatalf("filter %+v, k=%d: %v", f, k, err)
				}
				for _, h := range got {
					if slices.Contains(f.Exclude, h.Row) || !passes(f, src.Payloads[h.Row]) {
						t.Fatalf("row %d came through filter %+v", h.Row, f)
					}
				}
			})
		}
	})
}

func TestNeighbours(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		for _, ids := range []int{2048, 3} {
			cfg := p.cfg
			cfg.MaxIDs = ids
			vecs := clustered(12, 200)
			clear(row(vecs, 40))
			for i := 60; i < 80; i++ { // twenty movies with one text
				copy(row(vecs, i), row(vecs, 60))
			}
			ix := mustBuild(t, mustDial(t, cfg), vecs, dims)
			rapid.Check(t, func(t *rapid.T) {
				rows := rapid.SliceOfN(rapid.Uint32Range(0, 199), 0, 12).Draw(t, "rows")
				exclude := rapid.SliceOfN(rapid.Uint32Range(0, 205), 0, 60).Draw(t, "exclude")
				if rapid.Bool().Draw(t, "watched") {
					exclude = append(exclude, rows...)
				}
				k := rapid.SampledFrom([]int{1, 5, 19, 20, 21, 250}).Draw(t, "k")
				lists, err := ix.Neighbours(t.Context(), rows, k, exclude)
				if err != nil {
					t.Fatal(err)
				}
				if len(lists) != len(rows) {
					t.Fatalf("%d lists for %d rows", len(lists), len(rows))
				}
				for i, r := range rows {
					var want []indexer.Hit
					if r != 40 {
						want = naive(rowsOf(vecs), row(vecs, int(r)), k, func(other uint32) bool { return other != r && !slices.Contains(exclude, other) })
					}
					if err := same(lists[i], want); err != nil {
						t.Fatalf("row %d without %v, k=%d: %v", r, exclude, k, err)
					}
					for _, h := range lists[i] {
						if h.Row == r || slices.Contains(exclude, h.Row) {
							t.Fatalf("row %d without %v: row %d came", r, exclude, h.Row)
						}
					}
				}
			})
			if _, err := ix.Neighbours(t.Context(), []uint32{3, 200}, 5, nil); !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("a row out of range gives %v, want %v", err, catalog.ErrInvalid)
			}
			if _, err := ix.Neighbours(t.Context(), []uint32{3}, 0, nil); !errors.Is(err, indexer.ErrCount) {
				t.Errorf("k=0 gives %v, want %v", err, indexer.ErrCount)
			}
		}
	})
}

// What a person watched is left out by the server: one call for them all, however much
// of what is near they have seen.
func TestNeighboursTakeOneCall(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	vecs := clustered(13, 1000)
	ix := mustBuild(t, mustDial(t, quick(fake.Addr)), vecs, dims)
	calls := func(do func() error) (batches, queries int) {
		b, q := fake.Calls("Points/QueryBatch"), fake.Calls("Points/Query")
		if err := do(); err != nil {
			t.Fatal(err)
		}
		return fake.Calls("Points/QueryBatch") - b, fake.Calls("Points/Query") - q
	}
	var watched []uint32
	for _, h := range naive(rowsOf(vecs), row(vecs, 1), 400, func(uint32) bool { return true }) {
		watched = append(watched, h.Row)
	}
	far := uint32(0) // a row that nobody watched
	for slices.Contains(watched, far) {
		far++
	}
	if b, q := calls(func() error { _, err := ix.Neighbours(t.Context(), watched[:50], 20, watched); return err }); b != 1 || q != 0 {
		t.Errorf("50 rows take %d batches and %d queries, want 1 and none", b, q)
	}
	if b, q := calls(func() error { _, err := ix.Neighbours(t.Context(), watched[:130], 20, watched); return err }); b != 3 || q != 0 {
		t.Errorf("130 rows take %d batches and %d queries, want 3 and none", b, q)
	}
	if b, q := calls(func() error { _, err := ix.Neighbours(t.Context(), []uint32{far}, 1000, watched); return err }); b != 1 || q != 0 {
		t.Errorf("all that is left takes %d batches and %d queries, want 1 and none", b, q)
	}
	if b, q := calls(func() error {
		_, err := ix.SearchFilter(t.Context(), row(vecs, 1), 20, qdrant.Filter{Exclude: watched})
		return err
	}); b != 0 || q != 1 {
		t.Errorf("a search takes %d batches and %d queries, want none and 1", b, q)
	}
}

// An approximate search that misses is no excuse for too few rows.
func TestTooFewAreFoundExactly(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	vecs := clustered(14, 60)
	ix := mustBuild(t, mustDial(t, quick(fake.Addr)), vecs, dims)
	fake.Blur(5000)
	for _, k := range []int{1, 39, 50, 60} {
		hits, err := ix.Search(t.Context(), row(vecs, 3), k, nil)
		if err != nil || len(hits) != k {
			t.Errorf("k=%d gives %d rows, error %v", k, len(hits), err)
		}
	}
	all, err := ix.Exact().Search(t.Context(), row(vecs, 3), 20, nil)
	if err != nil || same(all, naive(rowsOf(vecs), row(vecs, 3), 20, func(uint32) bool { return true })) != nil {
		t.Errorf("exact: %v, error %v", all, err)
	}
	if _, err := ix.WithEf(0); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("ef 0 gives %v", err)
	}
	wide, err := ix.WithEf(6000)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := wide.Search(t.Context(), row(vecs, 3), 20, nil)
	if err != nil || same(hits, all) != nil {
		t.Errorf("ef 6000 gives %v, error %v, want %v", hits, err, all)
	}
}

// Of many equal rows the lowest come, whatever order the server has among them.
func TestManyTies(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		vecs := clustered(15, 500)
		for i := 100; i < 400; i += 2 {
			copy(row(vecs, i), row(vecs, 99))
		}
		ix := mustBuild(t, mustDial(t, p.cfg), vecs, dims)
		for _, k := range []int{1, 3, 40, 151, 200} {
			hits, err := ix.Search(t.Context(), row(vecs, 99), k, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := naive(rowsOf(vecs), row(vecs, 99), k, func(uint32) bool { return true })
			for i := range min(k, 151) {
				if hits[i].Row != want[i].Row {
					t.Fatalf("k=%d: hit %d is row %d, want %d", k, i, hits[i].Row, want[i].Row)
				}
			}
		}
	})
}

// A keep that cannot be sent along costs calls that grow with the logarithm of what it
// refuses.
func TestKeepTakesFewCalls(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	vecs := clustered(16, 1000)
	for ids, most := range map[int]int{2048: 2, 0: 9} {
		cfg := quick(fake.Addr)
		cfg.MaxIDs = ids
		ix := mustBuild(t, mustDial(t, cfg), vecs, dims)
		before := fake.Calls("Points/Query")
		hits, err := ix.Search(t.Context(), row(vecs, 1), 5, func(row uint32) bool { return row == 999 })
		if err != nil || len(hits) != 1 {
			t.Errorf("hits %v, error %v, want row 999", hits, err)
		}
		if calls := fake.Calls("Points/Query") - before; calls > most {
			t.Errorf("with %d ids at most a search takes %d calls, want %d or fewer", ids, calls, most)
		}
	}
}
