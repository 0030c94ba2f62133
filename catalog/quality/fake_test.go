package quality_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/quality"
)

// A memory is a store in memory.
type memory struct {
	scale     catalog.Scale
	movies    []catalog.Movie
	users     []catalog.User
	watches   []catalog.Watch
	ratings   []catalog.Rating
	accounts  []catalog.Account
	refused   []catalog.Refused
	intake    []catalog.Intake
	exposures []catalog.Exposure
	unknown   map[string]bool // "movie x" or "user x"
	fail      string          // the table that cannot be read
}

var errBroken = errors.New("the disk is broken")

func yielded[T any](m *memory, table string, rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i, r := range rows {
			if m.fail == table && i == len(rows)/2 {
				var zero T
				yield(zero, errBroken)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (m *memory) broken(table string) error {
	if m.fail == table {
		return errBroken
	}
	return nil
}

func (m *memory) Scale(context.Context) (catalog.Scale, error) { return m.scale, m.broken("scale") }
func (m *memory) Movies(context.Context) iter.Seq2[catalog.Movie, error] {
	return yielded(m, "movies", m.movies)
}
func (m *memory) Users(context.Context) iter.Seq2[catalog.User, error] {
	return yielded(m, "users", m.users)
}
func (m *memory) Watches(context.Context) iter.Seq2[catalog.Watch, error] {
	return yielded(m, "watches", m.watches)
}
func (m *memory) Ratings(context.Context) iter.Seq2[catalog.Rating, error] {
	return yielded(m, "ratings", m.ratings)
}
func (m *memory) Accounts(context.Context) iter.Seq2[catalog.Account, error] {
	return yielded(m, "accounts", m.accounts)
}
func (m *memory) Exposures(_ context.Context, _, _ time.Time) iter.Seq2[catalog.Exposure, error] {
	return yielded(m, "exposures", m.exposures)
}
func (m *memory) Intake(_ context.Context, _, _ time.Time) ([]catalog.Intake, error) {
	return m.intake, m.broken("intake")
}

func (m *memory) QuarantineLines(_ context.Context, _ catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error) {
	var page []catalog.Refused
	for _, r := range m.refused {
		if cmp.Or(cmp.Compare(r.Source, after.Source), cmp.Compare(r.Offset, after.Offset)) > 0 && len(page) < limit {
			page = append(page, r)
		}
	}
	return page, m.broken("quarantine")
}

func (m *memory) UnknownIDs(_ context.Context, kind string, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = m.unknown[kind+" "+id]
	}
	return out, m.broken("unknown ids")
}

// sort puts the rows in the order of the contract.
func (m *memory) sort() *memory {
	slices.SortFunc(m.users, func(a, b catalog.User) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(m.watches, func(a, b catalog.Watch) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Movie, b.Movie))
	})
	slices.SortFunc(m.ratings, func(a, b catalog.Rating) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Movie, b.Movie))
	})
	slices.SortFunc(m.accounts, func(a, b catalog.Account) int { return cmp.Compare(a.User, b.User) })
	return m
}

var newest = time.Date(2024, 3, 15, 0, 0, 0, 0, time.UTC)

// world is two weeks of events up to newest; shift moves the ratings and the ages
// of the second.
func world(people int, seed uint64, shift float64) *memory {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := &memory{scale: catalog.Scale5}
	words := []string{"Drama", "Comedy", "Crime", "Horror", "Romance"}
	for i := range 200 {
		m.movies = append(m.movies, catalog.Movie{
			ID: catalog.MovieID(fmt.Sprintf("m%04d", i)), Title: fmt.Sprintf("Movie %d", i), Year: 1950 + i%70, RuntimeMinutes: 80 + i%60,
			Genres: []string{words[i%5], words[(i+1)%5]}, Language: []string{"en", "fr"}[i%2], VoteAverage: 5 + float64(i%40)/10, Overview: "x",
			IMDBID: fmt.Sprintf("tt%07d", i+1),
		})
	}
	for i := range people {
		id := catalog.UserID(fmt.Sprintf("u%06d", i))
		late := i%2 == 1
		at := newest.Add(-time.Duration(1+rng.IntN(7*24*3600-1)) * time.Second)
		age := 20 + rng.IntN(50)
		value := 1 + float64(rng.IntN(5))
		if !late {
			at = at.Add(-7 * 24 * time.Hour)
		} else {
			if rng.Float64() < shift {
				value = 5
			}
			age += int(20 * shift)
		}
		m.users = append(m.users, catalog.User{ID: id, Age: age, Gender: []string{"F", "M"}[rng.IntN(2)], Occupation: words[rng.IntN(5)]})
		movie := rng.IntN(len(m.movies))
		runtime := m.movies[movie].RuntimeMinutes
		minute := rng.IntN(runtime)
		m.watches = append(m.watches, catalog.Watch{User: id, Movie: m.movies[movie].ID, First: at.Add(-time.Duration(minute) * time.Minute), Last: at, Minute: minute, Days: 1, Runtime: runtime})
		m.ratings = append(m.ratings, catalog.Rating{User: id, Movie: m.movies[rng.IntN(len(m.movies))].ID, Value: value, At: at})
	}
	m.watches[0].First, m.watches[0].Last = newest.Add(-14*24*time.Hour), newest.Add(-14*24*time.Hour) // so that the span is two weeks
	m.watches[1].Last = newest.Add(-time.Second)
	return m.sort()
}

func options(t testing.TB) quality.Options {
	t.Helper()
	opts, err := quality.DefaultOptions(newest.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return opts
}

func mustRun(t testing.TB, src quality.Source, opts quality.Options) *quality.Result {
	t.Helper()
	r, err := quality.Run(t.Context(), src, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func table(t *testing.T, r *quality.Result, name string) quality.Table {
	t.Helper()
	for _, one := range r.Tables {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("no table %s", name)
	return quality.Table{}
}

func columnOf(t *testing.T, r *quality.Result, name, column string) quality.Column {
	t.Helper()
	for _, c := range table(t, r, name).Columns {
		if c.Name == column {
			return c
		}
	}
	t.Fatalf("no column %s of %s", column, name)
	return quality.Column{}
}
