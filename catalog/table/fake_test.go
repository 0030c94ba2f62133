package table_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"marquee/catalog"
	"marquee/catalog/table"
)

// A fake is a Store in memory.
type fake struct {
	movies  map[catalog.MovieID]catalog.Movie
	people  map[catalog.UserID]catalog.User
	ratings map[[2]string]catalog.Rating
	minutes []catalog.Minute
	offsets map[string]int64
	scale   catalog.Scale
	largest int   // rows of one call
	fail    error // what every call returns, if not nil
}

func newFake(movies ...catalog.Movie) *fake {
	f := &fake{
		movies: make(map[catalog.MovieID]catalog.Movie), people: make(map[catalog.UserID]catalog.User),
		ratings: make(map[[2]string]catalog.Rating), offsets: make(map[string]int64), scale: catalog.Scale5,
	}
	for _, m := range movies {
		f.movies[m.ID] = m
	}
	return f
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
	f.largest = max(f.largest, len(movies))
	for _, m := range movies {
		tally(f.movies, m.ID, m, &t)
	}
	return t, f.fail
}

func (f *fake) PutUsers(_ context.Context, users []catalog.User) (t catalog.Tally, err error) {
	f.largest = max(f.largest, len(users))
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
	m.Extra = maps.Clone(m.Extra)
	return m, f.fail
}

func (f *fake) MovieByOutside(_ context.Context, kind, value string) (ids []catalog.MovieID, err error) {
	for id, m := range f.movies {
		if kind == "imdb_id" && m.IMDBID == value || kind == "tmdb_id" && strconv.FormatInt(m.TMDBID, 10) == value {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, f.fail
}

func (f *fake) Scale(context.Context) (catalog.Scale, error) { return f.scale, f.fail }

func (f *fake) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	if held := f.offsets[b.Partition]; held != b.From {
		return catalog.Applied{Held: held}, catalog.ErrOffset
	}
	if f.fail != nil {
		return catalog.Applied{}, f.fail
	}
	f.minutes = append(f.minutes, b.Minutes...)
	f.offsets[b.Partition] = b.To
	return catalog.Applied{Held: b.To}, nil
}

func (f *fake) Offset(_ context.Context, partition string) (int64, error) {
	return f.offsets[partition], nil
}

// write returns the path of a file with text.
func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeGzip returns the path of a gzipped file, whose name does not tell.
func writeGzip(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.txt")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(file)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// load imports text into store and returns the report; an error is fatal.
func load(t testing.TB, store table.Store, text string, opts table.Options) catalog.Report {
	t.Helper()
	report, err := table.Import(t.Context(), store, write(t, text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// faultLines returns the lines of the report's faults.
func faultLines(r catalog.Report) (lines []int) {
	for _, f := range r.Faults {
		lines = append(lines, f.Line)
	}
	return lines
}

func (f *failAfter) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	if *f.calls++; *f.calls >= f.at {
		return catalog.Applied{}, catalog.ErrUnavailable
	}
	return f.fake.Append(ctx, b)
}
