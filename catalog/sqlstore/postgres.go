package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// The keys of the advisory locks: "marquee" in ASCII, then a number.
const (
	writeLock   = 0x6d61727175656500
	migrateLock = 0x6d61727175656501
)

// postgresReaders is the size of the pool: enough readers for a server, few enough that
// several servers fit into PostgreSQL's default of 100 connections. All of them are kept
// while they are used: a connection costs both sides a login and a prepared statement,
// some hundred times what the history of a person does.
const postgresReaders = 16

// postgresIdle is how long a connection is kept that nobody uses.
const postgresIdle = 5 * time.Minute

// idleWriter is how long a writer may leave a transaction alone before the server
// ends it: one that vanished without a word holds the write lock for no longer.
const idleWriter = time.Minute

// openPostgres opens one connection that writes, makes the tables, and opens
// the connections that read.
func (s *Store) openPostgres(ctx context.Context, dsn string, wait time.Duration) error {
	full, err := withSSLMode(dsn)
	if err != nil {
		return err
	}
	connector, err := newConnector(full, min(wait, cancelWithin))
	if err != nil {
		return fmt.Errorf("the URL is not usable: %w", scrub(err, full))
	}
	pool := func(open int) *sqlx.DB {
		db := sql.OpenDB(connector)
		db.SetMaxOpenConns(open)
		db.SetMaxIdleConns(open)
		db.SetConnMaxIdleTime(postgresIdle)
		return sqlx.NewDb(db, "postgres")
	}
	s.lock = fmt.Sprintf("SET LOCAL lock_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d; SELECT pg_advisory_xact_lock(%d)",
		wait.Milliseconds(), idleWriter.Milliseconds(), int64(writeLock))
	s.writer = pool(1)
	s.reader = pool(postgresReaders)
	return s.migrate(ctx)
}

// A migrationLock lets one process at a time make tables. goose's own polls
// every second or more; this one waits in the server.
type migrationLock struct{}

func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_lock(%d)", int64(migrateLock)))
	return err
}

func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_unlock(%d)", int64(migrateLock)))
	return err
}
