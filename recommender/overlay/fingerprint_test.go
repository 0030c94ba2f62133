package overlay_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"marquee/catalog"
	"marquee/recommender/overlay"
)

// Every change that lists could show gives another fingerprint, and taking it back, or
// coming to the same on another way, the same.
func TestFingerprint(t *testing.T) {
	b := build(t, words(rand.New(rand.NewPCG(1, 2)), "m", 20), nil, 4)
	base := b.state(t)
	if base.Fingerprint() != build(t, words(rand.New(rand.NewPCG(1, 2)), "m", 20), nil, 4).state(t).Fingerprint() {
		t.Fatal("the same build made twice has two fingerprints")
	}
	ctx, state := t.Context(), must(t)
	edited := film("m003", "zebra")
	adult := edited
	adult.Adult = true
	older := edited
	older.Year = 1950
	dear, series := edited, edited
	dear.CostUSD, series.Collection = 2.5, "Zebras"
	alone := restored(b, 3)
	alone.Movie.CostUSD = 2.5
	pin := catalog.Correction{Movie: "m001", Other: "m002", Kind: catalog.Pin}
	block := catalog.Correction{Movie: "m001", Other: "m002", Kind: catalog.Block}
	n, o := film("n", "nnn"), film("o", "ooo")
	ways := map[string]*overlay.State{
		"nothing": base,
		"hidden":  state(base.Hide([]catalog.MovieID{"m001"})), "another hidden": state(base.Hide([]catalog.MovieID{"m002"})),
		"pinned": state(base.Correct([]catalog.Correction{pin})), "blocked": state(base.Correct([]catalog.Correction{block})),
		"gone":   state(base.Without(ctx, []catalog.MovieID{"m001"})),
		"edited": state(base.With(ctx, added(edited))), "edited and adult": state(base.With(ctx, added(adult))), "edited and older": state(base.With(ctx, added(older))),
		"edited and dear": state(base.With(ctx, added(dear))), "edited and of a series": state(base.With(ctx, added(series))),
		"dear, and nothing else": state(base.With(ctx, []overlay.Added{alone})),
		"n":                      state(base.With(ctx, added(n))), "n, o": state(base.With(ctx, added(n, o))), "o, n": state(base.With(ctx, added(o, n))),
		"came and left": state(state(base.With(ctx, added(n))).Without(ctx, []catalog.MovieID{"n"})),
	}
	seen := make(map[uint64]string)
	for name, s := range ways {
		if other, twice := seen[s.Fingerprint()]; twice {
			t.Errorf("%q and %q have one fingerprint", name, other)
		}
		seen[s.Fingerprint()] = name
	}
	same := map[string]*overlay.State{
		"nothing": state(ways["hidden"].Hide([]catalog.MovieID{"unknown"})),
		"n, o":    state(ways["n"].With(ctx, added(o))),
		"hidden":  state(state(ways["edited"].Hide([]catalog.MovieID{"m001"})).With(ctx, []overlay.Added{restored(b, 3)})),
		"came and left": state(state(state(base.With(ctx, added(film("n", "first")))).With(ctx, added(film("n", "second")))).
			Without(ctx, []catalog.MovieID{"n"})),
	}
	for name, s := range same {
		if s.Fingerprint() != ways[name].Fingerprint() {
			t.Errorf("%q on another way has another fingerprint", name)
		}
	}
}

// restored returns a movie as the build has it.
func restored(b *built, row int) overlay.Added {
	m := words(rand.New(rand.NewPCG(1, 2)), "m", 20)[row]
	return overlay.Added{Movie: m, Vector: b.vecs[row*dims : (row+1)*dims]}
}

func BenchmarkFingerprint(b *testing.B) {
	const n = 27_000
	movies := make([]catalog.Movie, n)
	for i := range movies {
		movies[i] = film(fmt.Sprintf("m%05d", i), fmt.Sprintf("a title of common length, %d", i))
	}
	x := &built{vecs: make([]float32, n*dims)}
	x.fill(b, movies, nil, dims, 4)
	s, err := x.state(b).With(b.Context(), added(film("n", "new")))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ { // a state of its own each time, of which hiding makes the least part
		if s, err = s.Hide([]catalog.MovieID{movies[i%n].ID}); err != nil {
			b.Fatal(err)
		}
		s.Fingerprint()
	}
}
