package sqlstore

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// OpenWaiting is Open with another LockWait, for tests.
func OpenWaiting(ctx context.Context, dsn string, wait time.Duration) (*Store, error) {
	return open(ctx, dsn, slog.New(slog.DiscardHandler), wait)
}

// Exec runs a statement on the connection that writes, as another program or a
// disk without room would.
func (s *Store) Exec(ctx context.Context, statement string) error {
	_, err := s.writer.ExecContext(ctx, statement)
	return err
}

// The class of what a database says that a test cannot make it say.
var SQLiteAdvice = sqliteAdvice

// Dial opens a connection as the one to PostgreSQL is.
var Dial = dial

// PeerTimeout bounds how long its other end may say nothing.
const PeerTimeout = peerTimeout

// WithSSLMode completes a PostgreSQL URL.
var WithSSLMode = withSSLMode

// OpenLogging is OpenWaiting with a log.
func OpenLogging(ctx context.Context, dsn string, wait time.Duration, log io.Writer) (*Store, error) {
	return open(ctx, dsn, slog.New(slog.NewTextHandler(log, nil)), wait)
}

// AppendPlain is the rival of Append: a statement a line, prepared once a
// transaction.
func (s *Store) AppendPlain(ctx context.Context, partition string, to int64, minutes []catalog.Minute) error {
	least, greatest := "LEAST", "GREATEST"
	if s.kind == SQLite {
		least, greatest = "MIN", "MAX"
	}
	insert := `INSERT INTO seen (user_id, movie_id, at, first_at, last_at, minute, days) VALUES (?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT (user_id, movie_id) DO UPDATE SET at = ` + greatest + `(seen.at, excluded.at), first_at = ` + least + `(seen.first_at, excluded.first_at),
		last_at = ` + greatest + `(seen.last_at, excluded.last_at), minute = ` + greatest + `(seen.minute, excluded.minute)`
	return s.write(ctx, "append", func(tx *sqlx.Tx) error {
		stmt, err := tx.PreparexContext(ctx, tx.Rebind(insert))
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, m := range minutes {
			at := m.At.UnixMicro()
			if _, err := stmt.ExecContext(ctx, string(m.User), string(m.Movie), at, at, at, m.Minute); err != nil {
				return err
			}
		}
		return storePlace(ctx, tx, catalog.Batch{Partition: partition, To: to}, to)
	})
}

// IdleTimeoutOfWriter returns how long the server lets a writer idle.
func (s *Store) IdleTimeoutOfWriter(ctx context.Context) (idle string, err error) {
	err = s.write(ctx, "show", func(tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &idle, "SHOW idle_in_transaction_session_timeout")
	})
	return idle, err
}
