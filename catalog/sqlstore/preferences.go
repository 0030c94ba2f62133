package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// PutPreferences stores what a person says of their taste, instead of what they said
// before p.At; what they said later stays. Empty ones take it back. The person gets a new
// number in [Store.ActiveSince] if anything changed. Those of someone who was forgotten
// are not stored. Preferences that are not valid, or have no time, are an error that
// wraps [catalog.ErrInvalid].
func (s *Store) PutPreferences(ctx context.Context, p catalog.Preferences) error {
	const op = "store preferences"
	err := p.Validate()
	if err == nil && p.At.IsZero() {
		err = fmt.Errorf("preferences have no time, want when they were given: %w", catalog.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	const query = `INSERT INTO preferences (user_id, liked, disliked, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET liked = excluded.liked, disliked = excluded.disliked, at = excluded.at
		WHERE excluded.at >= preferences.at
			AND (excluded.at, excluded.liked, excluded.disliked) <> (preferences.at, preferences.liked, preferences.disliked)`
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		dead, err := s.tombstones(ctx, tx)
		if err != nil || dead.Has(p.User) {
			return err
		}
		done, err := tx.ExecContext(ctx, tx.Rebind(query), string(p.User), p.Liked, p.Disliked, p.At.UnixMicro())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return numberUsers(ctx, tx, []catalog.UserID{p.User})
	})
}

// Preferences returns what a person says of their taste; of someone who says nothing, it
// is an error that wraps [catalog.ErrNotFound].
func (s *Store) Preferences(ctx context.Context, user catalog.UserID) (catalog.Preferences, error) {
	const op = "read preferences"
	if err := s.there(); err != nil {
		return catalog.Preferences{}, s.fault(ctx, op, err)
	}
	p, at := catalog.Preferences{User: user}, int64(0)
	const query = "SELECT liked, disliked, at FROM preferences WHERE user_id = ?"
	err := s.reader.QueryRowxContext(ctx, s.reader.Rebind(query), string(user)).Scan(&p.Liked, &p.Disliked, &at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return catalog.Preferences{}, s.fault(ctx, op, err)
	}
	if p.Empty() {
		return catalog.Preferences{}, fmt.Errorf("preferences of user %.50q: %w", user, catalog.ErrNotFound)
	}
	p.At = time.UnixMicro(at).UTC()
	return p, nil
}
