package sqlstore_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"marquee/catalog/catalogtest"
	"marquee/catalog/catalogtest/pgtest"
	"marquee/catalog/sqlstore"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// dsns gives a new, empty database of each kind.
var dsns = map[string]func(t testing.TB) string{
	sqlstore.SQLite:   func(t testing.TB) string { return filepath.Join(t.TempDir(), "facts.db") },
	sqlstore.Postgres: pgtest.DSN,
}

// onBoth runs a test on a new, empty database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	for kind, dsn := range dsns {
		t.Run(kind, func(t *testing.T) { test(t, dsn(t)) })
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
	for kind, dsn := range dsns {
		t.Run(kind, func(t *testing.T) {
			catalogtest.TestStore(t, func(t *testing.T) catalogtest.Store { return kitStore{mustOpen(t, dsn(t))} })
		})
	}
}
