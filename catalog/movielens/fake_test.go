package movielens_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"marquee/catalog"
	"marquee/catalog/movielens"
)

// A fake is a Store in memory.
type fake struct {
	movies  map[catalog.MovieID]catalog.Movie
	people  map[catalog.UserID]catalog.User
	ratings map[[2]string]catalog.Rating
	scale   catalog.Scale
	largest int   // ratings of one call
	fail    error // what puts return, if not nil
}

func newFake() *fake {
	return &fake{
		movies: make(map[catalog.MovieID]catalog.Movie), people: make(map[catalog.UserID]catalog.User),
		ratings: make(map[[2]string]catalog.Rating), scale: catalog.Scale5,
	}
}

func tally[K comparable, V any](known map[K]V, k K, v V, t *catalog.Tally) {
	old, ok := known[k]
	switch {
	case !ok:
		t.New++
	case reflect.DeepEqual(old, v):
		t.Same++
	default:
		t.Changed++
	}
	known[k] = v
}

func (f *fake) PutMovies(_ context.Context, movies []catalog.Movie) (t catalog.Tally, err error) {
	for _, m := range movies {
		tally(f.movies, m.ID, m, &t)
	}
	return t, f.fail
}

func (f *fake) PutUsers(_ context.Context, users []catalog.User) (t catalog.Tally, err error) {
	for _, u := range users {
		tally(f.people, u.ID, u, &t)
	}
	return t, f.fail
}

func (f *fake) PutRatings(_ context.Context, ratings []catalog.Rating) (t catalog.Tally, err error) {
	f.largest = max(f.largest, len(ratings))
	for _, r := range ratings {
		k := [2]string{string(r.User), string(r.Movie)}
		if old, ok := f.ratings[k]; ok && !r.After(old) {
			t.Same++
			continue
		}
		tally(f.ratings, k, r, &t)
	}
	return t, f.fail
}

func (f *fake) Movie(_ context.Context, id catalog.MovieID) (catalog.Movie, error) {
	m, ok := f.movies[id]
	if !ok {
		return m, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	return m, nil
}

func (f *fake) Scale(context.Context) (catalog.Scale, error) { return f.scale, nil }

func (f *fake) SetScale(_ context.Context, s catalog.Scale) error {
	f.scale = s
	return nil
}

func (f *fake) Counts(context.Context) (catalog.Counts, error) {
	return catalog.Counts{Movies: len(f.movies), Ratings: len(f.ratings)}, nil
}

// folder writes files, by name, to a folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, store movielens.Store, dir string, opts movielens.Options) catalog.Report {
	t.Helper()
	report, err := movielens.Import(t.Context(), store, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
