package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"marquee/catalog"
)

// sqliteAppID stands in the header of every store: "MARQ". The first migration
// writes it.
const sqliteAppID = 0x4D415251

// openSQLite opens the one connection that writes, makes the tables, and then
// opens the connections that read.
//
// synchronous=FULL because a stream's offset that was answered for must survive
// a power cut; it costs one sync a transaction, and transactions are large.
func (s *Store) openSQLite(ctx context.Context, path string, wait time.Duration) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	s.path = abs
	if err := checkFile(abs); err != nil {
		return err
	}
	pragmas := []string{
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"journal_size_limit(67108864)", // a write-ahead log that grew is cut back to 64 MiB
		"cache_size(-8192)",            // KiB a connection
		"secure_delete(1)",             // what is deleted is overwritten: see Forget
	}
	// What undoes a statement stays in memory, of which it needs as many pages as the statement
	// changes. A hot page that is moved from the log to the file once in 16 MiB instead of
	// 4 saves a fifth of BenchmarkPutExposures.
	writing := append([]string{"query_only(0)", "temp_store(2)", "wal_autocheckpoint(4096)"}, pragmas...)
	if s.writer, err = sqlitePool(abs, wait, 1, writing); err != nil {
		return err
	}
	if err := s.prepareSQLite(ctx, wait); err != nil {
		return err
	}
	if s.file, err = os.Stat(abs); err != nil {
		return err
	}
	s.reader, err = sqlitePool(abs, wait, max(4, runtime.GOMAXPROCS(0)), append(pragmas[1:], "query_only(1)"))
	return err
}

// prepareSQLite makes the tables. Two processes that open a new file at once
// may lock each other out of switching to the write-ahead log, and both try to
// make the tables: the one that comes second fails whole, and looks again.
func (s *Store) prepareSQLite(ctx context.Context, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		err := s.claimSQLite(ctx)
		if err == nil {
			err = s.migrate(ctx)
		}
		if err == nil || !retriable(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// retriable reports whether err may come from another process that makes the
// tables of the same file at this moment.
func retriable(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_CONSTRAINT:
		return true
	}
	return false
}

// claimSQLite refuses a database that another program made.
func (s *Store) claimSQLite(ctx context.Context) error {
	var id, others int
	if err := s.writer.GetContext(ctx, &id, "PRAGMA application_id"); err != nil {
		return err
	}
	if id == sqliteAppID {
		return nil
	}
	const foreign = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'"
	if err := s.writer.GetContext(ctx, &others, foreign); err != nil {
		return err
	}
	if id == 0 && others > 0 {
		// Another process may have made the tables since application_id was read.
		if err := s.writer.GetContext(ctx, &id, "PRAGMA application_id"); err != nil || id == sqliteAppID {
			return err
		}
	}
	if id != 0 || others > 0 {
		return fmt.Errorf("it is the SQLite file of another program (application id %d, %d tables); name another file: %w", id, others, catalog.ErrInvalid)
	}
	return nil
}

// checkFile finds what is wrong with a path before SQLite says "unable to open
// database file" to all of it.
func checkFile(path string) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil {
		return fmt.Errorf("folder %s cannot be used (%w); make it first: %w", folder, err, catalog.ErrUnavailable)
	} else if !info.IsDir() {
		return fmt.Errorf("%s is no folder; name a file in a folder: %w", folder, catalog.ErrInvalid)
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", err, catalog.ErrUnavailable)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file; name a file: %w", path, catalog.ErrInvalid)
	}
	return nil
}

// sqlitePool opens up to n connections to the file at path. A transaction takes
// the write lock when it begins, so that two never wait for each other's.
func sqlitePool(path string, wait time.Duration, n int, pragmas []string) (*sqlx.DB, error) {
	query := url.Values{
		"_busy_timeout": {strconv.FormatInt(wait.Milliseconds(), 10)},
		"_txlock":       {"immediate"},
		"_dqs":          {"0"}, // "x" is a name, never a text
		"_pragma":       pragmas,
	}
	uri := url.URL{Scheme: "file", Path: filepath.ToSlash(path), OmitHost: true, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(uri.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return sqlx.NewDb(db, "sqlite3"), nil // the name by which sqlx knows the dialect
}
