package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Scale returns the rating scale of the store, [catalog.Scale5] until
// [Store.SetScale] was called.
func (s *Store) Scale(ctx context.Context) (catalog.Scale, error) {
	scale, err := readScale(ctx, s.reader)
	return scale, s.fault(ctx, "read scale", err)
}

// SetScale changes the rating scale. If a stored rating does not lie on the new
// one, the error wraps [catalog.ErrInvalid] and says which value; the scale then
// stays. It reads all ratings.
func (s *Store) SetScale(ctx context.Context, scale catalog.Scale) error {
	const op = "set scale"
	if err := scale.Validate(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		err := each(ctx, tx, func(rows *sqlx.Rows) error {
			var value float64
			if err := rows.Scan(&value); err != nil {
				return err
			}
			if err := scale.Check(value); err != nil {
				return fmt.Errorf("ratings are stored that are not on the scale %v (%w); use a new store for another scale", scale, err)
			}
			return nil
		}, "SELECT DISTINCT rating FROM seen WHERE rating IS NOT NULL")
		if err != nil {
			return err
		}
		const query = "INSERT INTO settings (name, value) VALUES ('scale', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
		_, err = tx.ExecContext(ctx, tx.Rebind(query), scale.String())
		return err
	})
}

func readScale(ctx context.Context, q sqlx.QueryerContext) (catalog.Scale, error) {
	var text string
	err := sqlx.GetContext(ctx, q, &text, "SELECT value FROM settings WHERE name = 'scale'")
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.Scale5, nil
	}
	if err != nil {
		return catalog.Scale{}, err
	}
	scale, err := catalog.ParseScale(text)
	if err != nil {
		return catalog.Scale{}, damaged(err)
	}
	return scale, nil
}
