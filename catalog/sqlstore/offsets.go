package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Offsets returns how far each of the partitions was read, and the tail of its
// last batch. Those that the store has nothing of are left out. It costs a query
// for 256 names.
func (s *Store) Offsets(ctx context.Context, partitions []string) (map[string]catalog.Held, error) {
	held := make(map[string]catalog.Held)
	err := lookup(ctx, s.reader, "SELECT source, held, tail FROM offsets WHERE source IN (%s)", 1, partitions, func(rows *sqlx.Rows) error {
		var name string
		var h catalog.Held
		if err := rows.Scan(&name, &h.Offset, &h.Tail); err != nil {
			return err
		}
		held[name] = h
		return nil
	})
	return held, s.fault(ctx, "read offsets", err)
}
