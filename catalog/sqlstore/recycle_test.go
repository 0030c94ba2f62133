package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"marquee/catalog/sqlstore"
)

// A pool lends databases of PostgreSQL whose tables are made and hold what they
// hold at first. To make a database and its tables takes twenty times as long as
// to empty one, and the kit wants dozens.
type pool struct {
	mu   sync.Mutex
	free []*lent
}

// A lent database was opened by a store once.
type lent struct {
	dsn   string
	first map[string]string // the rows of each table as JSON
}

// lend returns the URL of an empty store, which must be closed before the test
// ends. It is lent again, unless the test fails.
func (p *pool) lend(t *testing.T) string {
	t.Helper()
	p.mu.Lock()
	var l *lent
	if n := len(p.free); n > 0 {
		l, p.free = p.free[n-1], p.free[:n-1]
	}
	p.mu.Unlock()
	if l == nil {
		l = newLent(t)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		if err := l.empty(context.Background()); err != nil {
			t.Errorf("empty a database: %v", err)
			return
		}
		p.mu.Lock()
		p.free = append(p.free, l)
		p.mu.Unlock()
	})
	return l.dsn
}

func newLent(t *testing.T) *lent {
	t.Helper()
	l := &lent{dsn: dsns[sqlstore.Postgres](t), first: make(map[string]string)}
	s, err := sqlstore.OpenWaiting(t.Context(), l.dsn, sqlstore.LockWait)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", l.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables string
	const query = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'"
	if err := db.QueryRowContext(t.Context(), query).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	for table := range strings.SplitSeq(tables, ",") {
		var rows string
		if err := db.QueryRowContext(t.Context(), "SELECT COALESCE(json_agg(t), '[]') FROM "+table+" t").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		l.first[table] = rows
	}
	if len(l.first) < 10 {
		t.Fatalf("tables are %q, want all of a store", tables)
	}
	return l
}

// empty makes all tables as they were at first.
func (l *lent) empty(ctx context.Context) error {
	db, err := sql.Open("postgres", l.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	var script strings.Builder
	var tables []string
	for table := range l.first {
		tables = append(tables, table)
	}
	slices.Sort(tables)
	for _, table := range tables {
		fmt.Fprintf(&script, "DELETE FROM %s; INSERT INTO %[1]s SELECT * FROM json_populate_recordset(NULL::%[1]s, '%s');", table, strings.ReplaceAll(l.first[table], "'", "''"))
	}
	_, err = db.ExecContext(ctx, script.String())
	return err
}
