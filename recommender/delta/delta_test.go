package delta_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/indexer/indexertest"
	"marquee/recommender/bundle"
	"marquee/recommender/delta"
	"marquee/recommender/rank"
)

// added embeds movies.
func added(t testing.TB, movies ...catalog.Movie) []delta.Added {
	t.Helper()
	out := make([]delta.Added, len(movies))
	for i, m := range movies {
		out[i] = delta.Added{Movie: m, Vector: make([]float32, dims)}
		if err := (&letters{}).Embed(t.Context(), []string{embedder.Document(m)}, out[i].Vector); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// words returns n movies with random letters for titles; a few have none.
func words(r *rand.Rand, prefix string, n int) []catalog.Movie {
	movies := make([]catalog.Movie, n)
	for i := range movies {
		m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("%s%03d", prefix, i)), Year: 1990 + r.IntN(20), Adult: r.IntN(8) == 0}
		if r.IntN(10) > 0 {
			word := make([]byte, 1+r.IntN(12))
			for j := range word {
				word[j] = 'a' + byte(r.IntN(26))
			}
			m.Title = string(word)
		}
		movies[i] = m
	}
	return movies
}

// A bundle with movies that came later answers as the bundle does that was built
// with them: the same neighbours to the bit, the same order, the same lists.
func TestExtendedIsBuilt(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		base := words(r, "a", rapid.IntRange(1, 80).Draw(rt, "base"))
		late := words(r, "b", rapid.IntRange(1, 30).Draw(rt, "late"))
		var seen []catalog.UserSeen
		for u := range 40 {
			for range r.IntN(4) {
				seen = append(seen, catalog.UserSeen{User: catalog.UserID(fmt.Sprint(u)), Seen: catalog.Seen{
					Movie: base[r.IntN(len(base))].ID, At: now.Add(-time.Duration(r.IntN(999)) * time.Hour), Rated: r.IntN(2) == 0, Rating: float64(1 + r.IntN(5))}})
			}
		}
		k := rapid.IntRange(1, 20).Draw(rt, "k")
		d, err := delta.New(build(t, base, seen, k))
		if err != nil {
			rt.Fatal(err)
		}
		all := added(t, late...)
		for len(all) > 0 {
			n := rapid.IntRange(1, len(all)).Draw(rt, "step")
			if d, err = d.With(t.Context(), all[:n]); err != nil {
				rt.Fatal(err)
			}
			all = all[n:]
		}
		want, err := build(t, append(slices.Clone(base), late...), seen, k).Snapshot()
		if err != nil {
			rt.Fatal(err)
		}
		got := d.Snapshot
		if d.Len() != len(late) || !slices.Equal(got.Movies.IDs, want.Movies.IDs) || !slices.Equal(got.Movies.Titles, want.Movies.Titles) ||
			!slices.Equal(got.Movies.Adult, want.Movies.Adult) || !slices.Equal(got.Movies.Released, want.Movies.Released) {
			rt.Fatalf("%d movies %v, want %v", d.Len(), got.Movies.IDs, want.Movies.IDs)
		}
		for row := range uint32(want.Movies.Len()) {
			if !slices.Equal(got.Table.Of(row), want.Table.Of(row)) {
				rt.Fatalf("neighbours of %d: %v, want %v", row, got.Table.Of(row), want.Table.Of(row))
			}
			if math.Abs(float64(got.Stats.Quality[row]-want.Stats.Quality[row])) > 1e-6 || got.Stats.Popularity[row] != want.Stats.Popularity[row] {
				rt.Fatalf("row %d has quality %v and popularity %v, want %v and %v", row, got.Stats.Quality[row], got.Stats.Popularity[row], want.Stats.Quality[row], want.Stats.Popularity[row])
			}
		}
		watched := rank.Taste{Watched: []rank.Watched{{Row: uint32(r.IntN(want.Movies.Len())), Preference: 50}}}
		for _, row := range []uint32{0, uint32(want.Movies.Len() - 1)} {
			a, b := got.Similar(row, rank.Request{N: 20, Now: now}), want.Similar(row, rank.Request{N: 20, Now: now})
			if len(a.Items) != len(b.Items) {
				rt.Fatalf("similar to %d: %v, want %v", row, a, b)
			}
		}
		if n := len(got.Recommend(rank.Request{Taste: watched, N: 20, Now: now}).Items); n != len(want.Recommend(rank.Request{Taste: watched, N: 20, Now: now}).Items) {
			rt.Fatalf("a list of %d movies", n)
		}
	})
}

// An edited movie keeps its row: it has the neighbours of its new text, and is a
// neighbour where that fits.
func TestEdited(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa"), film("b", "aaab"), film("c", "zzzz"), film("d", "zzzy")}, nil, 2)
	d, err := delta.New(b)
	if err != nil {
		t.Fatal(err)
	}
	next, err := d.With(t.Context(), added(t, film("b", "zzzx"), film("e", "aaac")))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(d *delta.Delta, of catalog.MovieID) (out []catalog.MovieID) {
		row, _ := d.Snapshot.Movies.Row(of)
		for _, n := range d.Snapshot.Table.Of(row) {
			if n.Score > 0.5 {
				out = append(out, d.Snapshot.Movies.IDs[n.Row])
			}
		}
		return out
	}
	for of, want := range map[catalog.MovieID][]catalog.MovieID{"a": {"e"}, "b": {"c", "d"}, "c": {"b", "d"}, "e": {"a"}} {
		got := ids(next, of)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("near %s: %v, want %v", of, got, want)
		}
	}
	if row, _ := next.Snapshot.Movies.Row("b"); row != 1 || next.Snapshot.Movies.Titles[1] != "zzzx" || !next.Has("b") || next.Has("a") || next.Len() != 2 {
		t.Errorf("b stands in row %d as %q", row, next.Snapshot.Movies.Titles[1])
	}
	if got := ids(d, "a"); !slices.Equal(got, []catalog.MovieID{"b"}) || d.Len() != 0 {
		t.Errorf("the delta it began from has changed: near a %v", got)
	}
	if same, err := next.With(t.Context(), added(t, film("b", "zzzx"), film("a", "aaaa"))); err != nil || same != next {
		t.Errorf("what is known already made another delta, %v", err)
	}
	if back, err := next.With(t.Context(), added(t, film("b", "x"), film("b", "aaab"))); err != nil || !slices.Equal(ids(back, "b"), []catalog.MovieID{"a", "e"}) {
		t.Errorf("of two edits the last must count: near b %v, %v", ids(back, "b"), err)
	}
}

// Only a title or a flag has changed: the vectors' lists are the very same.
func TestFactsAlone(t *testing.T) {
	d, err := delta.New(build(t, []catalog.Movie{film("a", "aaaa"), film("b", "aaab"), film("c", "aabb")}, nil, 2))
	if err != nil {
		t.Fatal(err)
	}
	m := film("b", "aaab")
	m.Adult = true
	next, err := d.With(t.Context(), added(t, m))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if n := len(next.Snapshot.Similar(0, rank.Request{N: 5, Now: now}).Items); n != 1 {
		t.Errorf("%d movies near a, want the one that is not adult", n)
	}
	for row := range uint32(3) {
		if !reflect.DeepEqual(next.Snapshot.Table.Of(row), d.Snapshot.Table.Of(row)) {
			t.Errorf("neighbours of row %d have changed", row)
		}
	}
}

func TestExtendRefusesOtherShapes(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa")}, nil, 2)
	for _, v := range [][]float32{nil, make([]float32, dims+1), slices.Repeat([]float32{1}, dims)} {
		if _, err := delta.Extend(t.Context(), b, []delta.Added{{Movie: film("x", "x"), Vector: v}}); !errors.Is(err, indexer.ErrDims) && !errors.Is(err, indexer.ErrRow) {
			t.Errorf("a vector of %d values: %v", len(v), err)
		}
	}
	if snap, err := delta.Extend(t.Context(), b, added(t, film("x", "aax"))); err != nil || snap.Movies.Len() != 2 {
		t.Errorf("extended: %v", err)
	}
	b.Vectors = b.Vectors[1:]
	if _, err := delta.New(b); !errors.Is(err, indexer.ErrDims) {
		t.Errorf("a bundle that does not fit together: %v", err)
	}
}

// large returns a bundle of 27,000 movies of 384 dimensions, and vectors of more.
func large(b *testing.B) (*bundle.Bundle, []float32) {
	b.Helper()
	const rows, size = 27_000, 384
	vecs := indexertest.Clustered(1, rows+200, size)
	movies := make([]catalog.Movie, rows)
	for i := range movies {
		movies[i] = film(fmt.Sprintf("m%05d", i), "x")
	}
	columns, err := rank.NewMovies(movies)
	if err != nil {
		b.Fatal(err)
	}
	table, err := indexer.Neighbours(b.Context(), vecs[:rows*size], size, 100, nil)
	if err != nil {
		b.Fatal(err)
	}
	stats, err := rank.NewStats(movies, columns, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, rank.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	id := space
	id.Dims = size
	return &bundle.Bundle{
		Manifest: bundle.Manifest{Scale: catalog.Scale5, Ranking: rank.DefaultConfig(), Embedder: id},
		Movies:   columns, Vectors: vecs[:rows*size], Table: table, Stats: stats, Histories: &bundle.Histories{},
	}, vecs[rows*size:]
}

// BenchmarkWith adds movies to a bundle of 27,000, and makes lists of 20 watched
// movies from the bundle alone and from it with 200 movies more.
func BenchmarkWith(b *testing.B) {
	base, vecs := large(b)
	d, err := delta.New(base)
	if err != nil {
		b.Fatal(err)
	}
	later := make([]delta.Added, 200)
	for i := range later {
		later[i] = delta.Added{Movie: film(fmt.Sprintf("n%05d", i), "y"), Vector: vecs[i*384:][:384]}
	}
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("movies=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := d.With(b.Context(), later[:n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	long, err := d.With(b.Context(), later)
	if err != nil {
		b.Fatal(err)
	}
	r := rank.Request{N: 20, Now: time.Now()}
	for i := range 20 {
		r.Taste.Watched = append(r.Taste.Watched, rank.Watched{Row: uint32(i * 997), Preference: 50})
	}
	for _, c := range []struct {
		name string
		snap *rank.Snapshot
	}{{"bundle", d.Snapshot}, {"with=200", long.Snapshot}, {"bundle", d.Snapshot}, {"with=200", long.Snapshot}} {
		b.Run("list/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.snap.Recommend(r)
			}
		})
	}
}
