package sqlstore_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// makeOld makes the tables of a store as they were up to a version, and runs
// statements on them.
func makeOld(t *testing.T, kind, dsn string, version int64, statements ...string) {
	t.Helper()
	driver, dialect := "sqlite", goose.DialectSQLite3
	if kind == sqlstore.Postgres {
		driver, dialect = "postgres", goose.DialectPostgres
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("migrations", kind)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// A store from before versions were kept says of the past what its log proves, and
// keeps all that it held.
func TestMigrateVersions(t *testing.T) {
	t.Parallel()
	for kind, dsn := range dsns {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx, dsn := t.Context(), dsn(t)
			blob := func(hex string) string {
				return map[string]string{sqlstore.SQLite: "x'" + hex + "'", sqlstore.Postgres: `'\x` + hex + "'"}[kind]
			}
			digest, list := blob(strings.Repeat("00", sha256.Size)), blob("010000")
			makeOld(t, kind, dsn, 3,
				`INSERT INTO movies (id, title_key, runtime, digest, facts) VALUES ('told', '', 0, `+digest+`, '{"id":"told","year":1995}'),
					('pruned', '', 0, `+digest+`, '{"id":"pruned","year":1931}')`,
				`INSERT INTO changes (seq, at, kind, subject) VALUES (4, 1, 'movie', 'told'), (6, 1, 'movie', 'told'), (7, 1, 'hide', 'told'), (8, 1, 'bundle', 'b')`,
				"UPDATE counters SET value = 8 WHERE name = 'changes'",
				"INSERT INTO exposures (request_id, at, user_id, experiment, arm, bundle, sequence, tier, movies) VALUES ('r', 1, '7', '', '', 'b', 8, 'popular', "+list+")",
			)
			s := mustOpen(t, dsn)
			for _, c := range []struct {
				id    catalog.MovieID
				seq   int64
				there bool
			}{{"told", 5, false}, {"told", 6, true}, {"told", 8, true}, {"pruned", 7, false}, {"pruned", 8, true}, {"pruned", 9, true}} {
				m, err := s.MovieAt(ctx, c.id, c.seq)
				if there := err == nil; there != c.there || !there && !errors.Is(err, catalog.ErrNotFound) || there && m.Year == 0 {
					t.Errorf("%s after change %d: %+v, %v; want that it is known is %v", c.id, c.seq, m, err, c.there)
				}
			}
			if _, err := s.PutMovies(ctx, []catalog.Movie{{ID: "told", Year: 1996}}); err != nil {
				t.Fatal(err)
			}
			versions, err := s.MovieVersions(ctx, "told", 0)
			if err != nil || len(versions) != 1 || versions[0].Since != 6 || versions[0].Until != 9 || versions[0].Movie.Year != 1995 {
				t.Errorf("versions are %+v, %v; want the facts of changes 6 to 9", versions, err)
			}
			want := catalog.Exposure{RequestID: "r", At: time.UnixMicro(1).UTC(), User: "7", Bundle: "b", Sequence: 8, Tier: "popular"}
			if e, err := s.Exposure(ctx, "r"); err != nil || !reflect.DeepEqual(e, want) {
				t.Errorf("exposure is %+v, %v; want %+v", e, err, want)
			}
		})
	}
}
