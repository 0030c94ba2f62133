package sqlstore

import (
	"context"
	"io"
	"log/slog"
	"time"
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

// WithSSLMode completes a PostgreSQL URL.
var WithSSLMode = withSSLMode

// OpenLogging is OpenWaiting with a log.
func OpenLogging(ctx context.Context, dsn string, wait time.Duration, log io.Writer) (*Store, error) {
	return open(ctx, dsn, slog.New(slog.NewTextHandler(log, nil)), wait)
}
