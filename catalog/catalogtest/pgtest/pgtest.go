package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver "postgres"
)

// EnvServer names the environment variable with the postgres:// URL of a server
// to use instead of starting one. Its user must be allowed to make databases.
const EnvServer = "MARQUEE_TEST_POSTGRES"

// startWithin bounds initdb and the start together.
const startWithin = time.Minute

// shared is the server of this test binary: the tests of one process share it,
// and only Main knows when the last of them is done.
var shared struct {
	sync.Mutex
	managed bool // Main runs
	started bool
	server  *server // nil if it is not ours
	base    *url.URL
	err     error
}

// Main runs the tests of m, stops the server if one was started, and returns
// the exit status:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	shared.Lock()
	shared.managed = true
	shared.Unlock()
	status := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			status = max(status, 1)
		}
		shared.server = nil
	}
	return status
}

// DSN returns the postgres:// URL of a new, empty database of some 7 MB. On a
// server that was not started here it is dropped when the test ends; on one that
// was, it goes with the server, as dropping takes longer than making. It sorts texts by the rules of a language if the server can, so
// that a column which should be compared by bytes shows. With -short the test is skipped.
func DSN(t testing.TB) string {
	t.Helper()
	skipShort(t)
	base, ours, err := ensure()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no PostgreSQL, and CI=true wants one: %v", err)
		}
		t.Skipf("SKIPPED, NOT PROVED ON POSTGRESQL: %v", err)
	}
	name := "marquee_test_" + rand.Text()[:12]
	create(t, base, name)
	t.Cleanup(func() {
		if ours {
			return
		}
		if err := execute(base, "DROP DATABASE IF EXISTS \""+name+"\" WITH (FORCE)"); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	u := *base
	u.Path = "/" + name
	return u.String()
}

// skipShort skips tests of the quick suite: making databases takes a sixth of the whole one.
func skipShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves PostgreSQL out; \"make test-all\" has it")
	}
}

// create makes a database with the collation of a language, which needs a
// server built with ICU, or else with the server's own.
func create(t testing.TB, base *url.URL, name string) {
	t.Helper()
	plain := "CREATE DATABASE \"" + name + "\" TEMPLATE template0 ENCODING 'UTF8'"
	if err := execute(base, plain+" LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"); err == nil {
		return
	}
	if err := execute(base, plain); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
}

// ensure starts the server the first time, and says the same ever after: the URL
// of a database, and whether the server was started here.
func ensure() (base *url.URL, ours bool, err error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.started {
		return shared.base, shared.server != nil, shared.err
	}
	if env := os.Getenv(EnvServer); env != "" {
		shared.base, shared.err = parseServer(env)
	} else if !shared.managed {
		panic("pgtest.DSN without pgtest.Main: nobody would stop the server; add func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }")
	} else {
		shared.server, shared.err = start(quick())
		if shared.err == nil {
			shared.base = shared.server.url()
		}
	}
	shared.started = true
	return shared.base, shared.server != nil, shared.err
}

// parseServer reads the URL of EnvServer; the error does not quote it, as it may
// hold a password.
func parseServer(env string) (*url.URL, error) {
	u, err := url.Parse(env)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("%s is no postgres:// URL", EnvServer)
	}
	if u.Path == "" {
		u.Path = "/postgres"
	}
	return u, nil
}

// execute runs one statement on the database that base names.
func execute(base *url.URL, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	db, err := sql.Open("postgres", base.String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
