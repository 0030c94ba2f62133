package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// UnknownIDs returns which of ids the catalog API was asked for and does not
// know: kind is "movie" or "user".
func (s *Store) UnknownIDs(ctx context.Context, kind string, ids []string) (map[string]bool, error) {
	const op = "read unknown ids"
	if err := checkKind(kind); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	unknown := make(map[string]bool)
	query := "SELECT id FROM unknown_ids WHERE kind = '" + kind + "' AND id IN (%s)"
	err := lookup(ctx, s.reader, query, 1, ids, func(rows *sqlx.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		unknown[id] = true
		return nil
	})
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return unknown, nil
}

// PutUnknownIDs remembers ids that the catalog API does not know, until a movie
// or a user of that id is stored.
func (s *Store) PutUnknownIDs(ctx context.Context, kind string, ids []string) error {
	const op = "store unknown ids"
	if err := checkKind(kind); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	for i, id := range ids {
		if err := checkText(kind+" id", id, catalog.MaxIDBytes); err != nil {
			return fmt.Errorf("%s: row %d: %w", op, i, err)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		b := newBulk(tx, "unknown_ids", []string{"kind", "id"}, "ON CONFLICT (kind, id) DO NOTHING")
		defer b.close()
		for _, id := range ids {
			if err := b.add(ctx, kind, id); err != nil {
				return err
			}
		}
		return b.flush(ctx)
	})
}

func checkKind(kind string) error {
	if kind != "movie" && kind != "user" {
		return fmt.Errorf("kind is %q, want movie or user: %w", kind, catalog.ErrInvalid)
	}
	return nil
}
