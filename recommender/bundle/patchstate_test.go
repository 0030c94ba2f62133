package bundle

import (
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// What is laid over a loaded patch in memory is what a second patch makes of it.
func TestStateOverPatch(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := shelf(t)
		s.disk = unsynced{}
		base := put(t, s, built(t, r, 30))
		made := func(id string) overlay.Added {
			v := make([]float32, 4)
			v[r.IntN(4)] = 1
			return overlay.Added{Movie: film(r, catalog.MovieID(id)), Vector: v}
		}
		one := Patch{Added: []overlay.Added{made("x0"), made("x1"), made("m03")}, Removed: []catalog.MovieID{"m11"}}
		two := Patch{Added: []overlay.Added{made("y0"), made("x1"), made("m04")}, Removed: []catalog.MovieID{"m12", "m21"}}
		first := patched(t, s, base.ID, one)
		state, err := loaded(t, s, first.ID).State()
		fatal(t, err)
		state, err = state.With(t.Context(), two.Added)
		fatal(t, err)
		state, err = state.Without(t.Context(), two.Removed)
		fatal(t, err)
		want, err := loaded(t, s, patched(t, s, first.ID, two).ID).State()
		fatal(t, err)
		if !slices.Equal(state.Snapshot.Movies.IDs, want.Snapshot.Movies.IDs) || state.Len() != want.Len() {
			t.Fatalf("seed %d: other movies, or %d changed, want %d", seed, state.Len(), want.Len())
		}
		for row := range uint32(want.Snapshot.Movies.Len()) {
			if !slices.Equal(state.Neighbours(row), want.Neighbours(row)) {
				t.Fatalf("seed %d: row %d has neighbours %v, want %v", seed, row, state.Neighbours(row), want.Neighbours(row))
			}
		}
	}
}

// Histories of a patched bundle may name the movies that came later.
func TestHistoriesOfLaterMovies(t *testing.T) {
	s := shelf(t)
	base := put(t, s, built(t, rand.New(rand.NewPCG(1, 7)), 30))
	v := []float32{1, 0, 0, 0}
	b := *loaded(t, s, patched(t, s, base.ID, Patch{Added: []overlay.Added{{Movie: catalog.Movie{ID: "x0", Title: "x"}, Vector: v}}}).ID)
	b.Histories = &Histories{}
	b.Histories.Add("u", rank.Taste{Watched: []rank.Watched{{Row: 30, Preference: 50}}})
	m := put(t, s, &b)
	if taste, ok := loaded(t, s, m.ID).Histories.Of("u"); !ok || len(taste.Watched) != 1 || taste.Watched[0].Row != 30 {
		t.Errorf("%v %v", taste, ok)
	}
}
