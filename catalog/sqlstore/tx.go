package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// write runs do in a transaction that holds the store's write lock from its
// first statement, so that do may read, compare and write without a race.
// Nothing is stored unless write returns nil; if the connection breaks during
// the commit itself, the error cannot say whether it was.
func (s *Store) write(ctx context.Context, op string, do func(*sqlx.Tx) error) error {
	return s.fault(ctx, op, s.transact(ctx, do))
}

func (s *Store) transact(ctx context.Context, do func(*sqlx.Tx) error) error {
	if err := s.there(); err != nil {
		return err
	}
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	if s.lock != "" {
		if _, err := tx.ExecContext(ctx, s.lock); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
	}
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
