package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// Wherever in an editor's work the disk becomes full, nothing of the call is stored
// and nothing of it is told; once there is room the same call does all of it, once.
func TestEditDiskFull(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mustOpen(t, filepath.Join(t.TempDir(), "facts.db"))
	var movies []catalog.Movie
	var ids []catalog.MovieID
	for i := range 150 {
		ids = append(ids, catalog.MovieID(fmt.Sprint("movie", i)))
		movies = append(movies, catalog.Movie{ID: ids[i], Overview: strings.Repeat("plot ", 100)})
	}
	if _, err := s.PutMovies(ctx, movies); err != nil {
		t.Fatal(err)
	}
	for i := range movies {
		movies[i].Year = 1995
	}
	for _, call := range []struct {
		name string
		do   func() error
		want catalog.Counts
	}{
		{"edit", func() error { _, err := s.PutMovies(ctx, movies); return err }, catalog.Counts{Movies: 150, Versions: 150, Changes: 300}},
		{"hide", func() error { _, err := s.SetHidden(ctx, ids, true, strings.Repeat("x", 500)); return err },
			catalog.Counts{Movies: 150, Versions: 150, Changes: 450, Hidden: 150}},
		{"unhide", func() error { _, err := s.SetHidden(ctx, ids, false, strings.Repeat("\x01", 500)); return err }, // long as JSON
			catalog.Counts{Movies: 150, Versions: 150, Changes: 600}},
		{"remove", func() error { _, err := s.RemoveMovies(ctx, ids); return err }, catalog.Counts{Versions: 300, Changes: 750}},
	} {
		before, err := s.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		full := 0
		for pages := 1; ; pages += 1 + full/10 { // a limit below what the file has is raised to it
			if err := s.Exec(ctx, fmt.Sprint("PRAGMA max_page_count = ", pages)); err != nil {
				t.Fatal(err)
			}
			err := call.do()
			if err == nil {
				break
			}
			full++
			refused(t, err, catalog.ErrUnavailable, "full", "make room")
			if c, err := s.Counts(ctx); c != before || err != nil {
				t.Fatalf("%s, %d pages: %+v, %v; want %+v", call.name, pages, c, err, before)
			}
		}
		if full < 5 {
			t.Errorf("%s: the disk was full at %d places, want at least 5 for a proof", call.name, full)
		}
		if c, err := s.Counts(ctx); c != call.want || err != nil {
			t.Errorf("%s, with room again: %+v, %v; want %+v", call.name, c, err, call.want)
		}
	}
}

// An edit whose answer was lost is done once, however often it is asked for again.
func TestEditAnswerLost(t *testing.T) {
	t.Parallel()
	r, dsn := newRelay(t, dsns[sqlstore.Postgres](t))
	s := mustOpen(t, dsn)
	if err := put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	one := []catalog.MovieID{"1"}
	for i, do := range []func() error{
		func() error { _, err := s.SetHidden(t.Context(), one, true, ""); return err },
		func() error {
			_, err := s.PutCorrection(t.Context(), catalog.Correction{Movie: "1", Other: "2", Kind: catalog.Pin})
			return err
		},
		func() error { _, err := s.PutMovies(t.Context(), []catalog.Movie{{ID: "1", Year: 1995}}); return err },
		func() error { _, err := s.RemoveMovies(t.Context(), one); return err },
		func() error { _, err := s.RemoveCorrection(t.Context(), "1", "2"); return err },
		func() error { _, err := s.SetHidden(t.Context(), one, false, ""); return err },
	} {
		r.armed.Store(true)
		refused(t, do(), catalog.ErrUnavailable)
		for range 2 {
			if err := do(); err != nil {
				t.Errorf("call %d, again: %v", i, err)
			}
		}
		if last, err := s.LastChange(t.Context()); last != int64(2+i) || err != nil {
			t.Errorf("call %d: the last change is %d, %v; want %d", i, last, err, 2+i)
		}
	}
	if c, err := s.Counts(t.Context()); err != nil || c != (catalog.Counts{Versions: 2, Changes: 7}) {
		t.Errorf("in the end %+v, %v; want two versions and seven changes", c, err)
	}
}
