package sqlstore_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// benchBoth runs a benchmark on a new, empty database of each kind.
func benchBoth(b *testing.B, bench func(b *testing.B, dsn string)) {
	for kind, dsn := range dsns {
		b.Run("on="+kind, func(b *testing.B) { bench(b, dsn(b)) })
	}
}

// reportRows reports rows stored a second.
func reportRows(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// PutRatings of as many ratings as ml-latest-small has, 100 a person, into an
// empty store.
func BenchmarkPutRatings(b *testing.B) {
	const rows = 100_000
	benchBoth(b, func(b *testing.B, dsn string) {
		ctx, s, n := b.Context(), mustOpen(b, dsn), 0
		for b.Loop() {
			ratings := make([]catalog.Rating, rows)
			for i := range ratings {
				ratings[i] = catalog.Rating{
					User: catalog.UserID(fmt.Sprint(n, "-", i/100)), Movie: catalog.MovieID(fmt.Sprint(i % 9000)),
					Value: float64(1 + i%5), At: time.Unix(int64(i), 0),
				}
			}
			if _, err := s.PutRatings(ctx, ratings); err != nil {
				b.Fatal(err)
			}
			n++
		}
		reportRows(b, n*rows)
	})
}

// Append of watch lines as a stream brings them: of 30,000 people who watch a
// movie each, every line one person's next minute; batches of several sizes.
func BenchmarkAppend(b *testing.B) {
	const people = 30_000
	for _, size := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint("lines=", size), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, dsn string) {
				ctx, s := b.Context(), mustOpen(b, dsn)
				draw := rand.New(rand.NewPCG(1, 2))
				minutes := make([]int, people)
				var from int64
				for b.Loop() {
					batch := catalog.Batch{Partition: "p", From: from, To: from + int64(size)}
					for i := range size {
						who := draw.IntN(people)
						minutes[who]++
						batch.Minutes = append(batch.Minutes, catalog.Minute{
							User: catalog.UserID(fmt.Sprint(600_000 + who)), Movie: catalog.MovieID(fmt.Sprint("some+movie+", who%9000)),
							At: time.Unix((from+int64(i))/500, 0), Minute: minutes[who],
						})
					}
					done, err := s.Append(ctx, batch)
					if err != nil {
						b.Fatal(err)
					}
					from = done.Held
				}
				reportRows(b, int(from))
			})
		})
	}
}

// History of one of 10,000 people by so many watched movies, all known to the
// catalog, in a store of a million rows at most.
func BenchmarkHistory(b *testing.B) {
	for _, length := range []int{10, 100} {
		b.Run(fmt.Sprint("movies=", length), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, dsn string) {
				ctx, s := b.Context(), mustOpen(b, dsn)
				people := 100_000 / length
				fillHistories(b, s, people, length)
				i := 0
				for b.Loop() {
					i++
					seen, err := s.History(ctx, catalog.UserID(fmt.Sprint((i*7919)%people)), 0)
					if err != nil || len(seen) != length {
						b.Fatal(len(seen), err)
					}
				}
			})
		})
	}
}

// Histories of 1,000 people with 100 movies each.
func BenchmarkHistories(b *testing.B) {
	benchBoth(b, func(b *testing.B, dsn string) {
		ctx, s := b.Context(), mustOpen(b, dsn)
		fillHistories(b, s, 1000, 100)
		rows := 0
		for b.Loop() {
			for _, err := range s.Histories(ctx) {
				if err != nil {
					b.Fatal(err)
				}
				rows++
			}
		}
		reportRows(b, rows)
	})
}

// fillHistories stores so many people's histories of so many movies of 3 KB.
func fillHistories(b *testing.B, s *sqlstore.Store, people, length int) {
	b.Helper()
	var movies []catalog.Movie
	for i := range 2000 {
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint("some+movie+", i)), RuntimeMinutes: 100, Overview: strings.Repeat("plot ", 600)})
	}
	if _, err := s.PutMovies(b.Context(), movies); err != nil {
		b.Fatal(err)
	}
	batch := catalog.Batch{Partition: "p", To: 1}
	for u := range people {
		for i := range length {
			batch.Minutes = append(batch.Minutes, catalog.Minute{
				User: catalog.UserID(fmt.Sprint(u)), Movie: movies[(u*31+i*17)%len(movies)].ID, At: time.Unix(int64(i), 0), Minute: i,
			})
		}
	}
	if _, err := s.Append(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
}

// PutMovies of 3 KB each, new ones, then the same again.
func BenchmarkPutMovies(b *testing.B) {
	const rows = 2000
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprint("again=", again), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, dsn string) {
				ctx, s, n := b.Context(), mustOpen(b, dsn), 0
				for b.Loop() {
					movies := make([]catalog.Movie, rows)
					for i := range movies {
						id := fmt.Sprint(i)
						if !again {
							id = fmt.Sprint(n, "-", i)
						}
						movies[i] = catalog.Movie{ID: catalog.MovieID(id), Title: id, Overview: strings.Repeat("plot ", 600)}
					}
					if _, err := s.PutMovies(ctx, movies); err != nil {
						b.Fatal(err)
					}
					n++
				}
				reportRows(b, n*rows)
			})
		})
	}
}
