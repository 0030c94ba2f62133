package sqlstore

import (
	"context"
)

// lastRune comes after every other: names do not go on with it.
const lastRune = "\U0010FFFF"

// Partitions returns the names of at most limit partitions that the store holds
// an offset of and that begin with prefix, ascending. A limit below 1 means
// 10,000. It reads the rows that it returns, by the primary key.
func (s *Store) Partitions(ctx context.Context, prefix string, limit int) ([]string, error) {
	const op = "read names of partitions"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	if limit < 1 {
		limit = 10_000
	}
	const query = "SELECT source FROM offsets WHERE source >= ? AND source < ? ORDER BY source LIMIT ?"
	var names []string
	err := s.reader.SelectContext(ctx, &names, s.reader.Rebind(query), prefix, prefix+lastRune, limit)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return names, nil
}
