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

// An audience is people who watch: each line is the next minute of one of them,
// in turn. Whoever has seen 100 minutes goes, and somebody else comes, for a
// movie of 9,000 by Zipf's law.
type audience struct {
	draw     *rand.Rand
	zipf     *rand.Zipf
	watchers []catalog.Minute
	next     int
	lines    int64
}

func newAudience(watchers int) *audience {
	draw := rand.New(rand.NewPCG(1, 2))
	a := &audience{draw: draw, zipf: rand.NewZipf(draw, 1.1, 10, 8999), watchers: make([]catalog.Minute, watchers)}
	for i := range a.watchers {
		a.watchers[i] = a.newcomer()
		a.watchers[i].Minute = draw.IntN(100)
	}
	return a
}

func (a *audience) newcomer() catalog.Minute {
	return catalog.Minute{User: catalog.UserID(fmt.Sprint(a.draw.IntN(1_000_000))), Movie: catalog.MovieID(fmt.Sprint("some+movie+", a.zipf.Uint64()))}
}

// line returns the next line; there are 505 a second.
func (a *audience) line() catalog.Minute {
	w := &a.watchers[a.next]
	a.next = (a.next + 1) % len(a.watchers)
	if w.Minute++; w.Minute > 100 {
		*w = a.newcomer()
	}
	a.lines++
	w.At = time.Unix(1.7e9+a.lines/505, 0)
	return *w
}

// Append of a stream against the plain way, one INSERT ... ON CONFLICT a line in
// transactions of 1,000, which knows neither days nor activity nor quarantine.
// With 5,000 watchers 0 to 90% of a batch's lines repeat a user and a movie; with
// 30,000, as were measured, 0 to 40%.
func BenchmarkAppend(b *testing.B) {
	for _, watchers := range []int{5000, 30_000} {
		for kind, dsn := range dsns {
			name := fmt.Sprintf("on=%s/watchers=%d/", kind, watchers)
			for _, lines := range []int{5000, 20_000, 50_000} {
				b.Run(fmt.Sprintf("%slines=%d/impl=marquee", name, lines), func(b *testing.B) { benchAppend(b, dsn(b), watchers, lines) })
			}
			b.Run(name+"lines=1000/impl=plain", func(b *testing.B) { benchPlain(b, dsn(b), watchers) })
		}
	}
}

func benchAppend(b *testing.B, dsn string, watchers, lines int) {
	s, a, from := mustOpen(b, dsn), newAudience(watchers), int64(0)
	for b.Loop() {
		batch := catalog.Batch{Partition: "p", From: from, To: from + int64(lines), Minutes: make([]catalog.Minute, lines)}
		for i := range batch.Minutes {
			batch.Minutes[i] = a.line()
		}
		done, err := s.Append(b.Context(), batch)
		if err != nil {
			b.Fatal(err)
		}
		from = done.Held
	}
	b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "lines/s")
}

func benchPlain(b *testing.B, dsn string, watchers int) {
	const lines = 1000
	s, a, from := mustOpen(b, dsn), newAudience(watchers), int64(0)
	for b.Loop() {
		batch := make([]catalog.Minute, lines)
		for i := range batch {
			batch[i] = a.line()
		}
		if err := s.AppendPlain(b.Context(), "p", from+lines, batch); err != nil {
			b.Fatal(err)
		}
		from += lines
	}
	b.ReportMetric(float64(from)/b.Elapsed().Seconds(), "lines/s")
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

// Person against History and User, of one of 1,000 people by so many watched movies, each
// with a record, preferences and five opinions.
func BenchmarkPerson(b *testing.B) {
	for _, length := range []int{10, 100} {
		b.Run(fmt.Sprint("movies=", length), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, dsn string) { benchPerson(b, mustOpen(b, dsn), length) })
		})
	}
}

func benchPerson(b *testing.B, s *sqlstore.Store, length int) {
	const people = 1000
	ctx := b.Context()
	fillHistories(b, s, people, length)
	fillPeople(b, s, people)
	for _, way := range []struct {
		name string
		read func(u catalog.UserID) ([]catalog.Seen, error)
	}{
		{"person", func(u catalog.UserID) ([]catalog.Seen, error) { p, err := s.Person(ctx, u); return p.Seen, err }},
		{"history+user", func(u catalog.UserID) ([]catalog.Seen, error) {
			if _, err := s.User(ctx, u); err != nil {
				return nil, err
			}
			return s.History(ctx, u, 0)
		}},
	} {
		b.Run("read="+way.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if seen, err := way.read(catalog.UserID(fmt.Sprint((i * 7919) % people))); err != nil || len(seen) != length {
					b.Fatal(len(seen), err)
				}
			}
		})
	}
}

// fillPeople stores records, preferences and opinions of so many people.
func fillPeople(b *testing.B, s *sqlstore.Store, people int) {
	b.Helper()
	var users []catalog.User
	var opinions []catalog.Feedback
	for u := range people {
		id := catalog.UserID(fmt.Sprint(u))
		users = append(users, catalog.User{ID: id, Age: 30, Gender: "F", Occupation: "engineer"})
		for m := range 5 {
			opinions = append(opinions, catalog.Feedback{User: id, Movie: catalog.MovieID(fmt.Sprint("some+movie+", m)), Kind: catalog.FeedbackLike, At: time.Unix(1, 0)})
		}
	}
	if _, err := s.PutUsers(b.Context(), users); err != nil {
		b.Fatal(err)
	}
	if _, err := s.PutFeedback(b.Context(), opinions); err != nil {
		b.Fatal(err)
	}
	for _, u := range users[:people/10] {
		if err := s.PutPreferences(b.Context(), catalog.Preferences{User: u.ID, Liked: "trains", At: time.Unix(1, 0)}); err != nil {
			b.Fatal(err)
		}
	}
}
