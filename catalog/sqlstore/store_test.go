package sqlstore_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"marquee/catalog/catalogtest"
	"marquee/catalog/catalogtest/pgtest"
	"marquee/catalog/sqlstore"
)

// atOnce is how many tests run at once if -parallel does not say: they wait for
// disks, locks and servers rather than compute.
const atOnce = 6

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
	}
	os.Exit(pgtest.Main(m))
}

// dsns gives a new, empty database of each kind.
var dsns = map[string]func(t testing.TB) string{
	sqlstore.SQLite:   func(t testing.TB) string { return filepath.Join(t.TempDir(), "facts.db") },
	sqlstore.Postgres: pgtest.DSN,
}

// onBoth runs a test on a new, empty database of each kind, beside other tests.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Parallel()
	for kind, dsn := range dsns {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, dsn(t))
		})
	}
}

func mustOpen(t testing.TB, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A kitStore is a store as the kit knows it.
type kitStore struct{ *sqlstore.Store }

func (s kitStore) Freeze(ctx context.Context) (catalogtest.Frozen, error) { return s.Store.Freeze(ctx) }

func TestStore(t *testing.T) {
	t.Parallel()
	var used pool
	empty := map[string]func(*testing.T) string{
		sqlstore.SQLite:   func(t *testing.T) string { return dsns[sqlstore.SQLite](t) },
		sqlstore.Postgres: used.lend,
	}
	for kind, dsn := range empty {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			catalogtest.TestStore(t, func(t *testing.T) catalogtest.Store { return kitStore{mustOpen(t, dsn(t))} })
		})
	}
}
