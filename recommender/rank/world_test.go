package rank_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

var now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

// A world is a small catalog with vectors of our choosing.
type world struct {
	movies    []catalog.Movie
	vecs      []float32 // [movies x 3], unit length
	histories []catalog.UserSeen
}

// snapshot builds it with cfg and k neighbours a movie.
func (w world) snapshot(t testing.TB, cfg rank.Config, k int) *rank.Snapshot {
	t.Helper()
	rows, err := rank.NewMovies(w.movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), w.vecs, 3, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := rank.NewStats(w.movies, rows, sequence(w.histories), catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := rank.NewSnapshot(rows, table, stats, catalog.Scale5, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// byScore is the default but for the knobs under which lists are not in the order of
// scores.
func byScore() rank.Config {
	cfg := rank.DefaultConfig()
	cfg.Knobs.Diversity, cfg.Knobs.PerCollection = 0, 0
	return cfg
}

func sequence(rows []catalog.UserSeen) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// random returns a world of n movies, some adult, some of the future, with
// people who watched some of them.
func random(seed uint64, n int) world {
	r := rand.New(rand.NewPCG(seed, 1))
	var w world
	for i := range n {
		m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%05d", i)), Title: fmt.Sprintf("Movie %d", i), Year: 1990 + r.IntN(30)}
		m.Adult = r.IntN(10) == 0
		if r.IntN(10) == 0 {
			m.ReleaseDate = "2030-01-01"
		}
		w.movies = append(w.movies, m)
		v := []float32{r.Float32() - 0.5, r.Float32() - 0.5, r.Float32() - 0.5}
		norm := float32(0)
		for _, x := range v {
			norm += x * x
		}
		for _, x := range v {
			w.vecs = append(w.vecs, x/sqrt(norm))
		}
	}
	for u := range n / 2 {
		for range r.IntN(5) {
			w.histories = append(w.histories, catalog.UserSeen{
				User: catalog.UserID(fmt.Sprintf("u%04d", u)),
				Seen: catalog.Seen{Movie: w.movies[r.IntN(n)].ID, At: now.Add(-time.Duration(r.IntN(1000)) * time.Hour), Rated: r.IntN(2) == 0, Rating: float64(1 + r.IntN(5))},
			})
		}
	}
	return w
}

func sqrt(x float32) float32 {
	y := x
	for range 30 {
		y = (y + x/y) / 2
	}
	return y
}

// taste is a history of the given rows, all liked alike.
func taste(rows ...uint32) rank.Taste {
	var t rank.Taste
	for _, r := range rows {
		t.Watched = append(t.Watched, rank.Watched{Row: r, Preference: 50})
	}
	return t
}

func rowsOf(l rank.List) []uint32 {
	var out []uint32
	for _, i := range l.Items {
		out = append(out, i.Row)
	}
	return out
}
