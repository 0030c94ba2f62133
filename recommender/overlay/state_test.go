package overlay_test

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
	"marquee/indexer"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

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
		d := build(t, base, seen, k).state(t)
		var err error
		all := added(late...)
		for len(all) > 0 {
			n := rapid.IntRange(1, len(all)).Draw(rt, "step")
			if d, err = d.With(t.Context(), all[:n]); err != nil {
				rt.Fatal(err)
			}
			all = all[n:]
		}
		want := build(t, append(slices.Clone(base), late...), seen, k).snap
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
	d := b.state(t)
	next, err := d.With(t.Context(), added(film("b", "zzzx"), film("e", "aaac")))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(d *overlay.State, of catalog.MovieID) (out []catalog.MovieID) {
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
		t.Errorf("the state it began from has changed: near a %v", got)
	}
	if same, err := next.With(t.Context(), added(film("b", "zzzx"), film("a", "aaaa"))); err != nil || same != next {
		t.Errorf("what is known already made another state, %v", err)
	}
	if back, err := next.With(t.Context(), added(film("b", "x"), film("b", "aaab"))); err != nil || !slices.Equal(ids(back, "b"), []catalog.MovieID{"a", "e"}) {
		t.Errorf("of two edits the last must count: near b %v, %v", ids(back, "b"), err)
	}
}

// Only a title or a flag has changed: the vectors' lists are the very same.
func TestFactsAlone(t *testing.T) {
	d := build(t, []catalog.Movie{film("a", "aaaa"), film("b", "aaab"), film("c", "aabb")}, nil, 2).state(t)
	m := film("b", "aaab")
	m.Adult = true
	next, err := d.With(t.Context(), added(m))
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

func TestOtherShapesAreRefused(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa")}, nil, 2)
	for _, v := range [][]float32{nil, make([]float32, dims+1), slices.Repeat([]float32{1}, dims)} {
		if _, err := b.state(t).With(t.Context(), []overlay.Added{{Movie: film("x", "x"), Vector: v}}); !errors.Is(err, indexer.ErrDims) && !errors.Is(err, indexer.ErrRow) {
			t.Errorf("a vector of %d values: %v", len(v), err)
		}
	}
	if _, err := overlay.New(b.snap, b.vecs[1:], dims, nil); !errors.Is(err, indexer.ErrDims) {
		t.Errorf("a build that does not fit together: %v", err)
	}
}
