package sqlstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// shortWait keeps tests of locks short.
const shortWait = 100 * time.Millisecond

// refused fails the test unless err wraps want and its text holds each of words.
func refused(t *testing.T, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want one that wraps %q", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func put(ctx context.Context, s *sqlstore.Store) error {
	_, err := s.PutMovies(ctx, []catalog.Movie{{ID: "1", Title: "Heat"}})
	return err
}

func TestOpenBadPath(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, dsn string
		want      error
		words     []string
	}{
		{"nothing", "", catalog.ErrInvalid, []string{"no name"}},
		{"scheme", "mysql://root:hunter2@db/x", catalog.ErrInvalid, []string{"mysql", "postgres://"}},
		{"memory", ":memory:", catalog.ErrInvalid, []string{"path of a file"}},
		{"URI", "file:x.db?mode=memory", catalog.ErrInvalid, []string{"plain path"}},
		{"no folder", filepath.Join(folder, "none", "x.db"), fs.ErrNotExist, []string{"none", "make it first"}},
		{"folder of a file", filepath.Join(write("file", "x"), "x.db"), catalog.ErrInvalid, []string{"is no folder"}},
		{"folder", folder, catalog.ErrInvalid, []string{"no regular file"}},
		{"text", write("notes.txt", strings.Repeat("not a database\n", 100)), catalog.ErrDamaged, []string{"no SQLite file"}},
		{"URL", "postgres://u:hunter2@host:notaport/db", catalog.ErrInvalid, []string{"cannot be read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := sqlstore.Open(t.Context(), c.dsn, slog.New(slog.DiscardHandler))
			if err == nil {
				s.Close()
			}
			refused(t, err, c.want, c.words...)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q holds the password", err)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made")
	}
}

// Connection settings that are no URL are not taken for the name of a file, and
// not echoed: they hold a password.
func TestOpenSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dsn := range []string{
		"host=db user=me password=hunter2 dbname=hunter2",
		"dbname=hunter2 password = hunter2",
		"PASSWORD=hunter2",
		"host=hunter2",
		"postgres:me:hunter2@db",
		"postgresql:/me:hunter2@db",
		"Postgres:hunter2",
		"POSTGRES://me:hunter2@db?password=hunter2",
	} {
		s, err := sqlstore.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "postgres://") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error is %v, want ErrInvalid that asks for a postgres:// URL and does not echo it", dsn, err)
		}
	}
	if files, _ := filepath.Glob("*"); files != nil {
		t.Errorf("files were made: %q", files)
	}
}

// A path is a path, whatever characters are in it.
func TestOpenOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory&x=#%41;'é\".db")
	if err := put(t.Context(), mustOpen(t, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestReopen(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		if err := put(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(dsn + "-*"); len(left) > 0 {
			t.Errorf("closing left %v beside the one file", left)
		}
		if m, err := mustOpen(t, dsn).Movie(t.Context(), "1"); err != nil || m.Title != "Heat" {
			t.Errorf("after reopening: %+v, %v", m, err)
		}
	})
}

// Several processes may open one new store at the same time.
func TestOpenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const n = 6
		var group sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			group.Go(func() {
				s, err := sqlstore.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
				if err == nil {
					_, err = s.PutMovies(t.Context(), []catalog.Movie{{ID: catalog.MovieID(fmt.Sprint(i))}})
					err = errors.Join(err, s.Close())
				}
				errs[i] = err
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if n, err := mustOpen(t, dsn).MovieCount(t.Context()); n != 6 || err != nil {
			t.Errorf("%d movies, %v; want 6", n, err)
		}
	})
}

func TestNewerStore(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		if err := s.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"); err != nil {
			t.Fatal(err)
		}
		_, err := sqlstore.OpenWaiting(t.Context(), dsn, shortWait)
		refused(t, err, catalog.ErrInvalid, "999", "newer")
	})
}

func TestOtherProgramsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	s := mustOpen(t, path)
	if err := s.Exec(t.Context(), "PRAGMA application_id = 7"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlstore.OpenWaiting(t.Context(), path, shortWait)
	refused(t, err, catalog.ErrInvalid, "another program")
	if err := s.Exec(t.Context(), "PRAGMA application_id = 0"); err != nil {
		t.Fatal(err)
	}
	_, err = sqlstore.OpenWaiting(t.Context(), path, shortWait)
	refused(t, err, catalog.ErrInvalid, "another program")
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close() // nobody answers there now
	_, err = sqlstore.Open(t.Context(), "postgres://u:hunter2@"+addr+"/db", slog.New(slog.DiscardHandler))
	refused(t, err, catalog.ErrUnavailable, addr, "check that it runs")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %q holds the password", err)
	}
}

func TestNoSuchDatabase(t *testing.T) {
	dsn := dsns[sqlstore.Postgres](t)
	_, err := sqlstore.Open(t.Context(), strings.Replace(dsn, "marquee_test_", "nothing_", 1), slog.New(slog.DiscardHandler))
	refused(t, err, catalog.ErrUnavailable, "createdb")
}

// What is logged about a store never holds its password.
func TestLogHoldsNoPassword(t *testing.T) {
	dsn := strings.Replace(dsns[sqlstore.Postgres](t), "postgres://postgres@", "postgres://postgres:hunter2@", 1)
	if !strings.Contains(dsn, "hunter2") {
		t.Skip("the server's URL has a password of its own")
	}
	var out bytes.Buffer
	s, err := sqlstore.Open(t.Context(), dsn+"&password=hunter2", slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if out.Len() == 0 || strings.Contains(out.String(), "hunter2") {
		t.Errorf("log is %q, want something without the password", out.String())
	}
}

func TestRedact(t *testing.T) {
	for dsn, want := range map[string]string{
		"/var/lib/marquee/facts.db":                        "/var/lib/marquee/facts.db",
		"postgres://db/facts":                              "postgres://db/facts",
		"postgres://me:s3cret@db:5432/facts":               "postgres://me:xxxxx@db:5432/facts",
		"postgres://me@db/facts?password=s3cret&sslmode=x": "postgres://me@db/facts?password=xxxxx&sslmode=x",
		"postgres://me:s3cret@db:port/facts":               "postgres://(a URL that cannot be read)",
		"postgres://me:s3%cret@db/facts":                   "postgres://(a URL that cannot be read)",
		"mysql://me:s3cret@db/facts":                       "mysql://me:xxxxx@db/facts",
		"postgres":                                         "postgres",
		"host=db password=s3cret":                          "(connection settings that are no postgres:// URL)",
		"postgres:me:s3cret@db":                            "(connection settings that are no postgres:// URL)",
	} {
		if got := sqlstore.Redact(dsn); got != want {
			t.Errorf("Redact(%q) = %q, want %q", dsn, got, want)
		}
	}
}

func TestSSLMode(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	t.Setenv("PGHOST", "")
	for dsn, want := range map[string]string{
		"postgres://localhost/x":                        "disable",
		"postgres://127.0.0.1:5432/x":                   "disable",
		"postgres://[::1]/x":                            "disable",
		"postgres:///x":                                 "disable",
		"postgres:///x?host=/run/postgresql":            "disable",
		"postgres://localhost/x?host=db.example.com":    "require",
		"postgres://db.example.com/x":                   "require",
		"postgres://10.0.0.7/x":                         "require",
		"postgres://localhost.example.com/x":            "require",
		"postgres://db.example.com/x?sslmode=disable":   "disable",
		"postgres://localhost/x?sslmode=verify-full&a=": "verify-full",
	} {
		full, err := sqlstore.WithSSLMode(dsn)
		if err != nil || !strings.Contains(full, "sslmode="+want) || strings.Count(full, "sslmode=") != 1 {
			t.Errorf("URL %s became %s (%v), want sslmode=%s", dsn, full, err, want)
		}
	}
}
