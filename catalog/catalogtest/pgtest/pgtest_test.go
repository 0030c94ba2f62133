package pgtest_test

import (
	"database/sql"
	"os"
	"testing"

	"marquee/catalog/catalogtest/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// Every call gives another database, empty, whose texts are Unicode.
func TestDSN(t *testing.T) {
	names := make(map[string]bool)
	for range 2 {
		db, err := sql.Open("postgres", pgtest.DSN(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		var name, encoding string
		var tables int
		const query = "SELECT current_database(), getdatabaseencoding(), (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')"
		if err := db.QueryRow(query).Scan(&name, &encoding, &tables); err != nil {
			t.Fatal(err)
		}
		if names[name] {
			t.Errorf("database %s was given twice", name)
		}
		names[name] = true
		if encoding != "UTF8" || tables != 0 {
			t.Errorf("database %s has encoding %s and %d tables, want UTF8 and none", name, encoding, tables)
		}
		var before bool // as a language sorts, not as bytes do
		if err := db.QueryRow("SELECT 'a' < 'B'").Scan(&before); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s sorts a before B: %v", name, before)
	}
}

// What a crashed server had answered for is there when it is back.
func TestServerCrash(t *testing.T) {
	s := pgtest.Start(t)
	db, err := sql.Open("postgres", s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	s.Crash(t)
	if err := db.Ping(); err == nil {
		t.Error("a crashed server answers")
	}
	s.Restart(t)
	var n int
	if err := db.QueryRow("SELECT n FROM kept").Scan(&n); err != nil || n != 7 {
		t.Errorf("after the crash: %d, %v, want 7", n, err)
	}
}
