package rank_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/rank"
)

func stats(t *testing.T, movies []catalog.Movie, rows []catalog.UserSeen, cfg rank.Config) *rank.Stats {
	t.Helper()
	m, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rank.NewStats(movies, m, sequence(rows), catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func near(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-6 }

// Two ratings of 5 and one of 1 for a, one of 3 for b, on the scale 1 to 5: in
// units 1, 1, 0 and 0.5. Their mean is 0.625.
func TestQuality(t *testing.T) {
	movies := []catalog.Movie{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	rated := func(u catalog.UserID, m catalog.MovieID, v float64) catalog.UserSeen {
		return catalog.UserSeen{User: u, Seen: catalog.Seen{Movie: m, At: now, Rated: true, Rating: v}}
	}
	rows := []catalog.UserSeen{rated("1", "a", 5), rated("2", "a", 5), rated("3", "a", 1), rated("3", "b", 3), rated("4", "gone", 5)}
	cfg := rank.DefaultConfig()
	cfg.RatingPrior = 2
	s := stats(t, movies, rows, cfg)
	for row, want := range []float64{(2 + 2*0.625) / 5, (0.5 + 2*0.625) / 3, 0.625} {
		if !near(s.Quality[row], want) {
			t.Errorf("quality of %s is %v, want %v", movies[row].ID, s.Quality[row], want)
		}
	}
	// What an outside database says moves the start of a movie nobody rated.
	movies[1].VoteAverage, movies[1].VoteCount = 4, 1000
	movies[2].VoteAverage, movies[2].VoteCount = 8, 1000
	if s := stats(t, movies, rows, cfg); !near(s.Quality[2], 0.625+0.2*1000/1050) {
		t.Errorf("quality of a movie with outside votes is %v", s.Quality[2])
	}
}

func TestPopularityFades(t *testing.T) {
	movies := []catalog.Movie{{ID: "new"}, {ID: "old"}}
	day := 24 * time.Hour
	rows := []catalog.UserSeen{
		{User: "1", Seen: catalog.Seen{Movie: "new", At: now}},
		{User: "2", Seen: catalog.Seen{Movie: "old", At: now.Add(-100 * day)}},
		{User: "3", Seen: catalog.Seen{Movie: "old", At: now.Add(-100 * day)}},
	}
	cfg := rank.DefaultConfig()
	cfg.PopularityHalfLife = 0
	if s := stats(t, movies, rows, cfg); s.Order[0] != 1 || s.Popularity[1] != 1 {
		t.Errorf("without fading: order %v, popularity %v, want the one with two watchers first, at 1", s.Order, s.Popularity)
	}
	cfg.PopularityHalfLife = 50
	s := stats(t, movies, rows, cfg)
	if s.Order[0] != 0 || !near(s.Popularity[1], math.Log1p(0.5)/math.Log1p(1)) {
		t.Errorf("with fading: order %v, popularity %v, want the new one first and the old one at log(1.5)/log(2)", s.Order, s.Popularity)
	}
}

// The order in which histories arrive changes no bit.
func TestStatsOfShuffledHistories(t *testing.T) {
	w := random(5, 80)
	cfg := rank.DefaultConfig()
	cfg.PopularityHalfLife = 30
	want := stats(t, w.movies, w.histories, cfg)
	for range 10 {
		rand.Shuffle(len(w.histories), func(i, j int) { w.histories[i], w.histories[j] = w.histories[j], w.histories[i] })
		if got := stats(t, w.movies, w.histories, cfg); !reflect.DeepEqual(got, want) {
			t.Fatal("shuffled histories gave other figures")
		}
	}
}

func TestStatsPassErrorsOn(t *testing.T) {
	m, err := rank.NewMovies([]catalog.Movie{{ID: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("cable cut")
	_, err = rank.NewStats([]catalog.Movie{{ID: "a"}}, m, func(yield func(catalog.UserSeen, error) bool) {
		yield(catalog.UserSeen{}, broken)
	}, catalog.Scale5, rank.DefaultConfig())
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestMovies(t *testing.T) {
	if _, err := rank.NewMovies([]catalog.Movie{{ID: "b"}, {ID: "a"}}); err == nil {
		t.Error("movies out of order were taken")
	}
	if _, err := rank.NewMovies([]catalog.Movie{{ID: "a"}, {ID: "a"}}); err == nil {
		t.Error("a movie that stands twice was taken")
	}
	m, err := rank.NewMovies([]catalog.Movie{
		{ID: "a", Title: "A", Year: 1999}, {ID: "b", Title: "B"}, {ID: "c", ReleaseDate: "1970-01-03"}, {ID: "d", ReleaseDate: "1969-12-31"}, {ID: "e", ReleaseDate: "soon", Year: 1970},
	})
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range []string{"A (1999)", "B", "c", "d", "e"} {
		if got := m.Label(uint32(row)); got != want {
			t.Errorf("label %q, want %q", got, want)
		}
	}
	for row, want := range map[int]int32{1: rank.DayUnknown, 2: 2, 3: -1, 4: 0} {
		if m.Released[row] != want {
			t.Errorf("row %d was released on day %d, want %d", row, m.Released[row], want)
		}
	}
	if _, ok := m.Row("x"); ok {
		t.Error("an unknown id has a row")
	}
}
