package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// What passes by itself, or when somebody does what the error says, is
// unavailable: a reader waits for it and does not end. What never passes is not.
func TestClassesOfPostgres(t *testing.T) {
	t.Parallel()
	dsn := dsns[sqlstore.Postgres](t)
	ctx, s := t.Context(), mustOpen(t, dsn)
	classes := map[error][]string{
		catalog.ErrUnavailable: {
			"08006", "25006", "25P03", "25P04", "26000", "28P01", "40001", "40P01", "42501", "53100", "53200", "53300",
			"55000", "55006", "55P03", "57014", "57P01", "57P03", "58000", "58030", "72000", "XX000",
		},
		catalog.ErrDamaged: {"XX001", "XX002"},
		catalog.ErrInvalid: {"22021"},
		nil:                {"22012", "23505", "25P02", "42601", "54000", "P0001"},
	}
	for want, states := range classes {
		for _, state := range states {
			for _, statement := range []string{
				`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '` + state + `'; END $$`,
				"CREATE OR REPLACE TRIGGER fails BEFORE INSERT ON offsets EXECUTE FUNCTION fail()",
			} {
				if err := s.Exec(ctx, statement); err != nil {
					t.Fatal(err)
				}
			}
			_, err := s.Append(ctx, catalog.Batch{Partition: "p", To: 1})
			if err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("state %s: %v, want an error that wraps %q", state, err, want)
			}
			for _, other := range []error{catalog.ErrUnavailable, catalog.ErrDamaged, catalog.ErrInvalid} {
				if !errors.Is(other, want) && errors.Is(err, other) {
					t.Errorf("state %s: %v, want none that wraps %q", state, err, other)
				}
			}
		}
	}
	if err := s.Exec(ctx, "DROP TRIGGER fails ON offsets"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, catalog.Batch{Partition: "p", To: 1}); err != nil {
		t.Errorf("after all of them: %v", err)
	}
}

// A server that has no patience with an idle transaction is one to try again.
func TestIdleTransactionEnded(t *testing.T) {
	t.Parallel()
	dsn := dsns[sqlstore.Postgres](t)
	if err := mustOpen(t, dsn).Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 20', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	view, err := mustOpen(t, dsn).Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	for begin := time.Now(); err == nil; {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("the server did not end the transaction")
		}
		time.Sleep(50 * time.Millisecond)
		_, err = view.Scale(t.Context())
	}
	refused(t, err, catalog.ErrUnavailable)
}

func TestClassesOfSQLite(t *testing.T) {
	t.Parallel()
	classes := map[error][]int{
		catalog.ErrUnavailable: {
			sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT,
			sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
			sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN,
		},
		catalog.ErrDamaged: {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB},
		nil:                {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_TOOBIG},
	}
	for want, codes := range classes {
		for _, code := range codes {
			for _, extended := range []int{code, code | 3<<8} {
				advice, kind := sqlstore.SQLiteAdvice(extended)
				if !errors.Is(kind, want) || (advice == "") != (want == nil) {
					t.Errorf("code %d: %q, %v; want %v and what to do", extended, advice, kind, want)
				}
			}
		}
	}
}
