package sqlstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// A view ends by itself, and says what to do.
func TestFrozenLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.db")
	if err := mustOpen(t, path).Close(); err != nil { // waiting for tables is no part of it
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, path)
		view, err := s.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(sqlstore.FrozenLimit - time.Second)
		if _, err := view.LastChange(t.Context()); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		_, err = view.LastChange(t.Context())
		refused(t, err, sqlstore.ErrFrozenEnded, "freeze the store anew")
		if errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("%v says that the same call may succeed later", err)
		}
		if err := view.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Views leave nothing behind: no goroutine, no connection that is in use, and
// the write-ahead log can be cut back.
func TestFrozenIsQuiet(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), "facts.db")
	s := mustOpen(t, path)
	for i := range 20 {
		view, err := s.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutMovies(t.Context(), []catalog.Movie{{ID: catalog.MovieID(fmt.Sprint(i))}}); err != nil {
			t.Fatal(err)
		}
		if err := view.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Exec(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the write-ahead log is %v, %v; want it empty", info, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
