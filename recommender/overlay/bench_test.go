package overlay_test

import (
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer/indexertest"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// large returns a build of 27,000 movies of 384 dimensions, and vectors of more.
func large(b *testing.B) (*overlay.State, []float32) {
	b.Helper()
	const rows, size = 27_000, 384
	vecs := indexertest.Clustered(1, rows+200, size)
	movies := make([]catalog.Movie, rows)
	for i := range movies {
		movies[i] = film(fmt.Sprintf("m%05d", i), "x")
	}
	built := &built{vecs: vecs[:rows*size]}
	built.fill(b, movies, nil, size, 100)
	return built.state(b), vecs[rows*size:]
}

// BenchmarkWith lays changes over a build of 27,000 without an index, and makes lists
// of 20 watched movies from the build alone and from it with 200 movies more.
func BenchmarkWith(b *testing.B) {
	s, vecs := large(b)
	later := make([]overlay.Added, 200)
	for i := range later {
		later[i] = overlay.Added{Movie: film(fmt.Sprintf("n%05d", i), "y"), Vector: vecs[i*384:][:384]}
	}
	long := must(b)(s.With(b.Context(), later))
	run := func(name string, change func(s *overlay.State) (*overlay.State, error)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b)(change(long))
			}
		})
	}
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("movies=%d", n), func(b *testing.B) {
			for b.Loop() {
				must(b)(s.With(b.Context(), later[:n]))
			}
		})
	}
	run("edit", func(s *overlay.State) (*overlay.State, error) {
		return s.With(b.Context(), []overlay.Added{{Movie: film("m00500", "z"), Vector: vecs[:384]}})
	})
	run("remove", func(s *overlay.State) (*overlay.State, error) {
		return s.Without(b.Context(), []catalog.MovieID{"m00500"})
	})
	run("hide", func(s *overlay.State) (*overlay.State, error) { return s.Hide([]catalog.MovieID{"m00500"}) })
	run("correct", func(s *overlay.State) (*overlay.State, error) {
		return s.Correct([]catalog.Correction{{Movie: "m00500", Other: "m00700", Kind: catalog.Pin}})
	})
	r := rank.Request{N: 20, Now: time.Now()}
	for i := range 20 {
		r.Taste.Watched = append(r.Taste.Watched, rank.Watched{Row: uint32(i * 997), Preference: 50})
	}
	for _, c := range []struct {
		name string
		snap *rank.Snapshot
	}{{"build", s.Snapshot}, {"with=200", long.Snapshot}, {"build", s.Snapshot}, {"with=200", long.Snapshot}} {
		b.Run("list/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.snap.Recommend(r)
			}
		})
	}
}
