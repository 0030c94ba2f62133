package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// lockers hold the write lock of a database as another process would.
var lockers = map[string]struct{ driver, lock string }{
	sqlstore.SQLite:   {"sqlite", "BEGIN EXCLUSIVE"},
	sqlstore.Postgres: {"postgres", "BEGIN; LOCK TABLE movies IN ACCESS EXCLUSIVE MODE"},
}

// lock takes the lock of dsn until unlock is called.
func lock(t *testing.T, kind, dsn string) (unlock func()) {
	t.Helper()
	db, err := sql.Open(lockers[kind].driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), lockers[kind].lock); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		conn.Close()
		db.Close()
	})
}

func TestLocked(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s, err := sqlstore.OpenWaiting(t.Context(), dsn, shortWait)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		unlock := lock(t, s.Kind(), dsn)
		defer unlock()
		refused(t, put(t.Context(), s), catalog.ErrUnavailable, "lock", "try again")
		unlock()
		if err := put(t.Context(), s); err != nil {
			t.Errorf("after the lock was given back: %v", err)
		}
	})
}

// A caller that gives up waiting for a lock gets its own reason.
func TestLockedAndCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		unlock := lock(t, s.Kind(), dsn)
		defer unlock()
		ctx, cancel := context.WithTimeout(t.Context(), shortWait)
		defer cancel()
		defer time.AfterFunc(2*shortWait, unlock).Stop() // SQLite waits for a lock to its end
		refused(t, put(ctx, s), context.DeadlineExceeded)
	})
}

// A reader is never kept waiting by a writer, nor by a reader that stopped
// half-way.
func TestReadDuringWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.db")
	s := mustOpen(t, path)
	if err := put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range []string{"BEGIN IMMEDIATE", "DELETE FROM movies"} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.MovieCount(t.Context()); n != 1 || err != nil {
		t.Errorf("%d movies, %v while another writes; want the 1 that is committed", n, err)
	}
}

func TestFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.db")
	s := mustOpen(t, path)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	refused(t, put(t.Context(), s), catalog.ErrUnavailable, "gone")
	refused(t, s.Ping(t.Context()), catalog.ErrUnavailable, "gone")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, put(t.Context(), s), catalog.ErrUnavailable, "replaced")
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), s); err != nil {
		t.Errorf("after the file came back: %v", err)
	}
}

// What a server asks on every request notices too that the file it reads is not
// the store any more; an unlinked file would be readable for ever.
func TestReadsNoticeFileGone(t *testing.T) {
	reads := map[string]func(*sqlstore.Store) error{
		"LastActivity": func(s *sqlstore.Store) error { _, err := s.LastActivity(t.Context()); return err },
		"ActiveSince":  func(s *sqlstore.Store) error { _, _, err := s.ActiveSince(t.Context(), 0, 0); return err },
		"History":      func(s *sqlstore.Store) error { _, err := s.History(t.Context(), "7", 0); return err },
		"Person":       func(s *sqlstore.Store) error { _, err := s.Person(t.Context(), "7"); return err },
		"History of 5": func(s *sqlstore.Store) error { _, err := s.History(t.Context(), "7", 5); return err },
		"User":         func(s *sqlstore.Store) error { _, err := s.User(t.Context(), "7"); return err },
	}
	path := filepath.Join(t.TempDir(), "facts.db")
	s := mustOpen(t, path)
	if _, err := s.PutUsers(t.Context(), []catalog.User{{ID: "7"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for name, read := range reads {
		t.Run(name+", gone", func(t *testing.T) { refused(t, read(s), catalog.ErrUnavailable, "gone") })
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, read := range reads {
		t.Run(name+", replaced", func(t *testing.T) { refused(t, read(s), catalog.ErrUnavailable, "replaced") })
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	for name, read := range reads {
		if err := read(s); err != nil {
			t.Errorf("%s after the file came back: %v", name, err)
		}
	}
}

func TestDiskFull(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "facts.db"))
	if err := s.Exec(t.Context(), "PRAGMA max_page_count = 50"); err != nil {
		t.Fatal(err)
	}
	var ratings []catalog.Rating
	for i := range 10_000 {
		ratings = append(ratings, catalog.Rating{User: "7", Movie: catalog.MovieID(fmt.Sprint(i)), Value: 3})
	}
	_, err := s.PutRatings(t.Context(), ratings)
	refused(t, err, catalog.ErrUnavailable, "full", "make room")
	if c, err := s.Counts(t.Context()); c.Ratings != 0 || err != nil {
		t.Errorf("%d ratings, %v after a call that failed, want none", c.Ratings, err)
	}
	if err := s.Exec(t.Context(), "PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	if tally, err := s.PutRatings(t.Context(), ratings); tally.New != len(ratings) || err != nil {
		t.Errorf("with room again: %+v, %v", tally, err)
	}
}

// A user who may only read gets told so, and can still read.
func TestMayNotWrite(t *testing.T) {
	s := mustOpen(t, dsns[sqlstore.Postgres](t))
	if err := s.Exec(t.Context(), "SET ROLE pg_read_all_data"); err != nil {
		t.Fatal(err)
	}
	refused(t, put(t.Context(), s), catalog.ErrUnavailable, "grant")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("reading: %v", err)
	}
}

// A server that drops its connections is met again by the next call.
func TestConnectionsCut(t *testing.T) {
	dsn := dsns[sqlstore.Postgres](t)
	s := mustOpen(t, dsn)
	if err := put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	if _, err := db.ExecContext(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), s); err != nil {
		refused(t, err, catalog.ErrUnavailable)
	}
	if err := put(t.Context(), s); err != nil {
		t.Errorf("the call after: %v", err)
	}
}

// Writers in several processes give out numbers in the order of their commits,
// so that a reader in yet another never skips anybody.
func TestActiveSinceAcrossProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const writers, rounds = 3, 20
		reader := mustOpen(t, dsn)
		var group sync.WaitGroup
		for w := range writers {
			s := mustOpen(t, dsn)
			group.Go(func() {
				for i := range rounds {
					user := catalog.UserID(fmt.Sprint(w, "-", i))
					_, err := s.PutRatings(t.Context(), []catalog.Rating{{User: user, Movie: "1", Value: 3}, {User: "shared", Movie: catalog.MovieID(user), Value: 1}})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()
		met := make(map[catalog.UserID]bool)
		var last int64
		for running := true; running || len(met) < writers*rounds+1; {
			select {
			case <-done:
				if !running && len(met) < writers*rounds+1 {
					t.Fatalf("met %d people, want %d", len(met), writers*rounds+1)
				}
				running = false
			case <-time.After(time.Millisecond):
			}
			users, next, err := reader.ActiveSince(t.Context(), last, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range users {
				met[u] = true
			}
			last = next
		}
	})
}

// Several processes that work on one partition take turns, and what they add to
// one history is all there: no offset is passed twice, no update is lost.
func TestAppendAcrossProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const writers, rounds = 3, 15
		var group sync.WaitGroup
		for w := range writers {
			s := mustOpen(t, dsn)
			group.Go(func() {
				var from int64
				for stored := 0; stored < rounds; {
					day := catalog.Minute{User: "7", Movie: "1", At: time.Unix(0, 0).AddDate(0, 0, w*rounds+stored)}
					done, err := s.Append(t.Context(), catalog.Batch{Partition: "p", From: from, To: from + 1, Minutes: []catalog.Minute{day}})
					switch {
					case err == nil:
						stored++
					case !errors.Is(err, catalog.ErrOffset):
						t.Error(err)
						return
					}
					from = done.Held
				}
			})
		}
		group.Wait()
		s := mustOpen(t, dsn)
		if held, err := s.Offset(t.Context(), "p"); held != writers*rounds || err != nil {
			t.Errorf("offset is %d, %v; want %d", held, err, writers*rounds)
		}
		seen, err := s.History(t.Context(), "7", 0)
		if err != nil || len(seen) != 1 || seen[0].Days != writers*rounds {
			t.Errorf("history is %+v, %v; want one movie on %d days", seen, err, writers*rounds)
		}
	})
}

// However many days someone watches a movie on, the row stays small, and the
// order of the days still does not show.
func TestManyDays(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "facts.db"))
	day := func(i int) catalog.Minute {
		return catalog.Minute{User: "u", Movie: "1", At: time.Date(1969, 6, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i)}
	}
	var from int64
	for _, batch := range [][2]int{{1500, 2000}, {0, 300}, {290, 1600}} {
		b := catalog.Batch{Partition: "p", From: from, To: from + 1}
		for i := batch[1] - 1; i >= batch[0]; i-- {
			b.Minutes = append(b.Minutes, day(i))
		}
		done, err := s.Append(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		from = done.Held
		seen, err := s.History(t.Context(), "u", 0)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int64]int{1: 500, 2: 800, 3: sqlstore.MaxDays}[from]
		if len(seen) != 1 || seen[0].Days != want {
			t.Errorf("after batch %d: %+v, want %d days", from, seen, want)
		}
	}
}

// Close waits for what the store started.
func TestCloseIsQuiet(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Movies(t.Context()) {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
