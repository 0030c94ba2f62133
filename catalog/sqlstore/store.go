package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// The kinds of database that a store can be on: see [Store.Kind].
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// LockWait is how long a call waits for the lock of another writer before it
// gives up with [catalog.ErrUnavailable]: longer than the largest import of one
// call takes, shorter than a person's patience.
const LockWait = 10 * time.Second

// A Store holds facts in one database. Any number of goroutines, and any number
// of processes that have opened the same database, may use it at once.
type Store struct {
	kind   string
	name   string // the DSN without its password, for messages
	writer *sqlx.DB
	reader *sqlx.DB
	recent *sqlx.Stmt // reads one history
	person *sqlx.Stmt // reads all of one person: the query of every request
	log    *slog.Logger
	closed atomic.Bool
	views  atomic.Int32 // frozen ones that are open
	graves graves       // who was forgotten, as far as this process knows
	turns  turns        // of who writes served lists, which one transaction at a time does
	doubts doubts       // replays that may have been stored
	lock   string       // PostgreSQL only: takes the write lock of a transaction

	path string      // SQLite only: the file
	file os.FileInfo // SQLite only: the file as it was opened
}

// Open opens the store that dsn names, the path of an SQLite file or a
// postgres:// URL, and brings its tables up to date. A file that does not exist
// is made; its folder and a PostgreSQL database must exist. A store whose
// tables are newer than this program, and a file of another program, are
// refused. The caller must Close the store.
//
// A URL without sslmode gets one, so that the driver's default never decides:
// PGSSLMODE if that is set, else disable for a loopback address or a Unix
// socket and require for any other host.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	return open(ctx, dsn, log, LockWait)
}

func open(ctx context.Context, dsn string, log *slog.Logger, wait time.Duration) (*Store, error) {
	kind, err := kindOf(dsn)
	if err != nil {
		return nil, err
	}
	s := &Store{kind: kind, name: Redact(dsn), log: log}
	if kind == SQLite {
		err = s.openSQLite(ctx, dsn, wait)
	} else {
		err = s.openPostgres(ctx, dsn, wait)
	}
	if err == nil {
		s.recent, err = s.reader.PreparexContext(ctx, s.reader.Rebind(historyQuery))
	}
	if err == nil {
		s.person, err = s.reader.PreparexContext(ctx, s.reader.Rebind(personQuery))
	}
	if err != nil {
		return nil, errors.Join(s.fault(ctx, "open", err), s.shut())
	}
	return s, nil
}

// Kind returns [SQLite] or [Postgres].
func (s *Store) Kind() string { return s.kind }

// Ping returns an error that wraps [catalog.ErrUnavailable] unless the store
// can be read now. Like every write, and like the reads that answer a request
// ([Store.LastActivity], [Store.ActiveSince], [Store.Person], [Store.History],
// [Store.Movie], [Store.User]), it notices that an SQLite file was deleted or replaced under
// the open store, which SQLite itself does not.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.there(); err != nil {
		return s.fault(ctx, "ping", err)
	}
	var one int
	return s.fault(ctx, "ping", s.reader.GetContext(ctx, &one, "SELECT 1 FROM counters WHERE name = 'activity'"))
}

// Close waits for calls in progress and closes the store. A second call does
// nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.shut()
}

// shut closes the readers first: the last connection of an SQLite file merges
// the write-ahead log into it, and only a connection that may write can. The
// prepared statements end with their connections.
func (s *Store) shut() error {
	var errs []error
	for _, db := range []*sqlx.DB{s.reader, s.writer} {
		if db == nil {
			continue
		}
		err := db.Close()
		if _, kind := adviceFor(err); s.kind == Postgres && errors.Is(kind, catalog.ErrUnavailable) {
			continue // a connection that the server has cut is closed
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store %s: %w", s.name, err)
	}
	return nil
}

// there reports a store that was closed, or whose file is no longer the one
// that was opened: SQLite would go on writing into the deleted file.
func (s *Store) there() error {
	if s.closed.Load() {
		return errClosed
	}
	if s.file == nil {
		return nil
	}
	now, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("the file is gone (%w); put it back or restart: %w", err, catalog.ErrUnavailable)
	}
	if !os.SameFile(now, s.file) {
		return fmt.Errorf("the file was replaced by another while it was open; restart: %w", catalog.ErrUnavailable)
	}
	return nil
}
