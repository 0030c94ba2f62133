package rank_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// Movies that come later stand behind the others with the figures that a build
// would give them, and those that were edited where they stood.
func TestMoviesThatComeLater(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := random(rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(2, 50).Draw(rt, "n"))
		for i := range w.movies {
			w.movies[i].VoteCount, w.movies[i].VoteAverage = i%3*100, float64(i%10)
		}
		cfg := rank.DefaultConfig()
		base, err := rank.NewMovies(w.movies)
		if err != nil {
			rt.Fatal(err)
		}
		s := stats(t, w.movies, w.histories, cfg)
		prior := s.Prior
		var later []catalog.Movie
		for i := range rapid.IntRange(0, 20).Draw(rt, "later") {
			id := catalog.MovieID(fmt.Sprintf("a%02d", i)) // before all others
			if rapid.Bool().Draw(rt, "edit") {
				id = w.movies[rapid.IntRange(0, len(w.movies)-1).Draw(rt, "row")].ID
			}
			later = append(later, catalog.Movie{ID: id, Title: fmt.Sprintf("Later %d", i), Year: 2000, Adult: i%2 == 0, VoteCount: i, VoteAverage: float64(i % 10)})
		}
		before := slices.Clone(base.IDs)
		movies, rows := base.With(later)
		got := s.With(later, rows)
		for i, m := range later {
			row, ok := movies.Row(m.ID)
			if !ok || row != rows[i] || movies.IDs[row] != m.ID {
				rt.Fatalf("%q stands in row %d, want %d", m.ID, row, rows[i])
			}
			was, known := base.Row(m.ID)
			if known && was != row {
				rt.Fatalf("%q moved from row %d to %d", m.ID, was, row)
			}
			if !known && (got.Popularity[row] != 0 || got.Watchers[row] != 0) {
				rt.Fatalf("%q was watched by %d", m.ID, got.Watchers[row])
			}
			if known && s.Watchers[row] > 0 && got.Quality[row] != s.Quality[row] {
				rt.Fatalf("ratings of %q were lost", m.ID)
			}
		}
		last := map[catalog.MovieID]catalog.Movie{}
		for _, m := range later {
			last[m.ID] = m
		}
		for id, m := range last {
			row, _ := movies.Row(id)
			if !movies.Same(row, m) {
				rt.Fatalf("row %d does not say what was edited last", row)
			}
			want := prior.Mean
			if m.VoteCount > 0 && prior.Outside > 0 {
				want += (m.VoteAverage/10 - prior.Outside) * float64(m.VoteCount) / float64(m.VoteCount+50)
			}
			if got.Watchers[row] == 0 && math.Abs(float64(got.Quality[row])-min(1, max(0, want))) > 1e-6 {
				rt.Fatalf("quality of %q is %v, want %v", id, got.Quality[row], want)
			}
		}
		sorted := *got
		sorted.Sort()
		if !slices.Equal(sorted.Order, got.Order) {
			rt.Fatalf("order %v, want %v", got.Order, sorted.Order)
		}
		if !slices.Equal(base.IDs, before) || !reflect.DeepEqual(s, stats(t, w.movies, w.histories, cfg)) {
			rt.Fatal("what it began from has changed")
		}
	})
}

// A bundle of before knows no prior: its own figures stand in.
func TestNoPrior(t *testing.T) {
	s := &rank.Stats{Quality: []float32{0.2, 0.6}, Popularity: []float32{1, 0.5}, Watchers: []uint32{2, 1}, Order: []uint32{0, 1}}
	got := s.With([]catalog.Movie{{ID: "new", VoteCount: 9, VoteAverage: 9}}, []uint32{2})
	if !near(got.Quality[2], 0.4) || !slices.Equal(got.Order, []uint32{0, 1, 2}) {
		t.Errorf("quality %v in the order %v, want the mean of 0.2 and 0.6, last", got.Quality[2], got.Order)
	}
	if got := (&rank.Stats{}).With([]catalog.Movie{{ID: "new"}}, []uint32{0}); got.Quality[0] != 0.5 {
		t.Errorf("the first movie of all has quality %v, want 0.5", got.Quality[0])
	}
}
