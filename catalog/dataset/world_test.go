package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/durable"
)

// rows are a source in memory.
type rows struct {
	scale    catalog.Scale
	movies   []catalog.Movie
	users    []catalog.User
	seen     []catalog.UserSeen
	accounts []catalog.Account
	change   int64
	err      error // ends every table
}

func (r *rows) Scale(context.Context) (catalog.Scale, error)           { return r.scale, nil }
func (r *rows) LastChange(context.Context) (int64, error)              { return r.change, nil }
func (r *rows) Movies(context.Context) iter.Seq2[catalog.Movie, error] { return each(r.movies, r.err) }
func (r *rows) Users(context.Context) iter.Seq2[catalog.User, error]   { return each(r.users, r.err) }
func (r *rows) Accounts(context.Context) iter.Seq2[catalog.Account, error] {
	return each(r.accounts, r.err)
}
func (r *rows) Histories(context.Context) iter.Seq2[catalog.UserSeen, error] {
	return each(r.seen, r.err)
}

func each[V any](list []V, end error) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
		if end != nil {
			var zero V
			yield(zero, end)
		}
	}
}

var day = time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)

// sample is a small world with every field known somewhere and unknown elsewhere.
func sample() *rows {
	r := &rows{scale: catalog.Scale5, change: 7}
	r.movies = []catalog.Movie{
		{ID: "bare+"},
		{
			ID: "heat+1995", TMDBID: 949, IMDBID: "tt0113277", Title: "Heat", OriginalTitle: "Heat", Year: 1995, ReleaseDate: "1995-12-15",
			Genres: []string{"Crime", "Thriller"}, People: []string{"Al Pacino", "Michael Mann"}, Keywords: []string{"robbery"},
			Collection: "none", Overview: "A thief <b>plans</b> & a detective hunts. 映画", Tagline: "A Los Angeles crime saga", Language: "en",
			RuntimeMinutes: 170, Adult: true, Status: "Released", VoteAverage: 7.9, VoteCount: 5000, Popularity: 33.25, CostUSD: 0.5,
			Extra: map[string]json.RawMessage{"budget": json.RawMessage(`60000000`), "a": json.RawMessage(`{"z": 1.50, "b": ["<", null]}`)},
		},
		{ID: "ronin+1998", Title: "Ronin"},
	}
	r.users = []catalog.User{
		{ID: "1", Age: 17, Gender: "F", Occupation: "K-12 student", Extra: map[string]json.RawMessage{"likes": json.RawMessage(`"heists"`)}},
		{ID: "22222222"},
		{ID: "3"},
	}
	r.seen = []catalog.UserSeen{
		{User: "1", Seen: catalog.Seen{Movie: "ronin+1998", At: day, Rating: 4, Rated: true}},
		{User: "1", Seen: catalog.Seen{Movie: "heat+1995", At: day.Add(-time.Hour), Share: 0.5, Shared: true, Days: 2}},
		{User: "22222222", Seen: catalog.Seen{Movie: "heat+1995", At: day.Add(time.Hour), Rating: 0, Rated: true, Share: 0, Shared: true, Days: 1}},
		{User: "22222222", Seen: catalog.Seen{Movie: "ronin+1998", At: day.Add(time.Hour)}},
		{User: "4", Seen: catalog.Seen{Movie: "gone+1900", At: day.Add(-24 * time.Hour), Days: 1}},
	}
	r.accounts = []catalog.Account{{User: "1", At: day}, {User: "22222222", At: day.Add(-time.Minute)}, {User: "5", At: day}}
	return r
}

// invented is a world of so many rows of histories, which are made as they are
// read.
type invented struct {
	rows
	n, catalog int
}

func world(n int) *invented {
	w := &invented{rows: rows{scale: catalog.ScaleMovieLens}, n: n, catalog: 27000}
	for i := range w.catalog {
		w.movies = append(w.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("some+movie+title+%05d+1995", i)), Title: fmt.Sprintf("Some Movie Title %d", i), Year: 1995, Overview: "A thief plans one last robbery."})
	}
	return w
}

func (w *invented) Histories(context.Context) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		for i, user := 0, 0; i < w.n; user++ {
			id := catalog.UserID(fmt.Sprintf("%07d", user))
			at := day
			for range min(w.n-i, 1+r.IntN(200)) {
				at = at.Add(-time.Duration(1+r.IntN(1e6)) * time.Second)
				s := catalog.Seen{Movie: w.movies[int(float64(w.catalog)*r.Float64()*r.Float64())].ID, At: at, Days: 1 + r.IntN(3)}
				s.Share, s.Shared = float64(1+r.IntN(120))/120, true
				if r.IntN(5) == 0 {
					s.Rating, s.Rated = float64(1+r.IntN(10))/2, true
				}
				if !yield(catalog.UserSeen{User: id, Seen: s}, nil) {
					return
				}
				i++
			}
		}
	}
}

func quiet(string, int64) {}

func newShelf(t testing.TB) *Shelf {
	t.Helper()
	s, err := OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.disk = dryDisk{}
	return s
}

// A dryDisk does not wait until what is written is durable: tests pull no plug.
type dryDisk struct{ osDisk }

func (dryDisk) SyncDir(string) error { return nil }

func (d dryDisk) Create(name string) (durable.File, error) {
	f, err := d.osDisk.Create(name)
	return dryFile{f}, err
}

type dryFile struct{ durable.File }

func (dryFile) Sync() error { return nil }

// mustWrite takes a snapshot that must be new.
func mustWrite(t testing.TB, s *Shelf, src Source, parent string, at time.Time) Manifest {
	t.Helper()
	m, added, err := s.Write(t.Context(), src, Origin{Parent: parent, Program: "test"}, at, quiet)
	if err != nil || !added {
		t.Fatalf("write: added %v, %v", added, err)
	}
	return m
}

// readAll reads a version back.
func readAll(t testing.TB, s *Shelf, version string, gone func(catalog.UserID) bool) *rows {
	t.Helper()
	snap, err := s.Open(t.Context(), version, gone)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	return collect(t, snap)
}

func collect(t testing.TB, src Source) *rows {
	t.Helper()
	ctx := t.Context()
	out := &rows{}
	var err error
	if out.scale, err = src.Scale(ctx); err != nil {
		t.Fatal(err)
	}
	if out.change, err = src.LastChange(ctx); err != nil {
		t.Fatal(err)
	}
	out.movies, out.users = all(t, src.Movies(ctx)), all(t, src.Users(ctx))
	out.seen, out.accounts = all(t, src.Histories(ctx)), all(t, src.Accounts(ctx))
	return out
}

func all[V any](t testing.TB, in iter.Seq2[V, error]) (out []V) {
	t.Helper()
	for v, err := range in {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// versionOfRows hashes rows without a shelf.
func versionOfRows(t testing.TB, r *rows) string {
	t.Helper()
	v, err := digestOf(r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func digestOf(r *rows) (string, error) {
	d := NewDigest(r.scale)
	for _, s := range r.seen { // tables may come in any order
		if err := d.Seen(s); err != nil {
			return "", err
		}
	}
	for _, m := range r.movies {
		if err := d.Movie(m); err != nil {
			return "", err
		}
	}
	for _, a := range r.accounts {
		if err := d.Account(a); err != nil {
			return "", err
		}
	}
	for _, u := range r.users {
		if err := d.User(u); err != nil {
			return "", err
		}
	}
	return d.Version(), nil
}

// without returns r without the rows of some people.
func (r *rows) without(people ...catalog.UserID) *rows {
	out := *r
	out.users = slices.DeleteFunc(slices.Clone(r.users), func(u catalog.User) bool { return slices.Contains(people, u.ID) })
	out.seen = slices.DeleteFunc(slices.Clone(r.seen), func(s catalog.UserSeen) bool { return slices.Contains(people, s.User) })
	out.accounts = slices.DeleteFunc(slices.Clone(r.accounts), func(a catalog.Account) bool { return slices.Contains(people, a.User) })
	return &out
}
