package sqlstore

import (
	"context"
	"fmt"
	"time"

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
	query := "SELECT id FROM unknown_ids WHERE kind = '" + kind + "' AND id IN (%s)"
	unknown, err := idsAmong(ctx, s.reader, query, ids)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return unknown, nil
}

// idsAmong returns those of ids that a query yields, which holds %s where they
// go.
func idsAmong(ctx context.Context, q queryer, query string, ids []string) (map[string]bool, error) {
	among := make(map[string]bool)
	err := lookup(ctx, q, query, 1, ids, func(rows *sqlx.Rows) error {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		among[id] = true
		return nil
	})
	return among, err
}

// PutUnknownIDs remembers ids that the catalog API does not know, until a movie
// or a user of that id is stored, and that it said so now: an answer given again
// is as good as new ([Store.AbsentMovies], [catalog.Retention]).
func (s *Store) PutUnknownIDs(ctx context.Context, kind string, ids []string) error {
	const op = "store unknown ids"
	if err := checkKind(kind); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	fresh := make([]string, 0, len(ids)) // each once: a statement may not meet a row twice
	known := make(map[string]bool, len(ids))
	for i, id := range ids {
		if err := checkText(kind+" id", id, catalog.MaxIDBytes); err != nil {
			return fmt.Errorf("%s: row %d: %w", op, i, err)
		}
		if !known[id] {
			known[id] = true
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if kind == userTable.kind { // the answer may come after the person was forgotten
			var err error
			if fresh, err = s.remembered(ctx, tx, userTable, fresh); err != nil {
				return err
			}
		}
		const conflict = "ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at WHERE excluded.at > unknown_ids.at"
		b := newBulk(tx, "unknown_ids", []string{"kind", "id", "at"}, conflict)
		defer b.close()
		at := time.Now().UnixMicro()
		for _, id := range fresh {
			if err := b.add(ctx, kind, id, at); err != nil {
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
