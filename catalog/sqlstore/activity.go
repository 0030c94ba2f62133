package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// ActiveSince returns at most limit people whose history grew, or whose record
// changed, after the
// sequence number seq, in the order in which that was committed, and the number
// of the last of them, from which the next call goes on; with nobody new it is
// seq. Someone who was active several times is named once, at the latest. A
// limit below 1 means 10,000.
//
// Numbers are given out under the write lock and become visible in their order,
// so no number up to last is ever committed later.
func (s *Store) ActiveSince(ctx context.Context, seq int64, limit int) (users []catalog.UserID, last int64, err error) {
	const op = "read activity"
	if err := s.there(); err != nil {
		return nil, seq, s.fault(ctx, op, err)
	}
	if limit < 1 {
		limit = 10_000
	}
	last = seq
	const query = "SELECT user_id, seq FROM activity WHERE seq > ? ORDER BY seq LIMIT ?"
	err = each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var u catalog.UserID
		if err := rows.Scan(&u, &last); err != nil {
			return err
		}
		users = append(users, u)
		return nil
	}, s.reader.Rebind(query), seq, limit)
	if err != nil {
		return nil, seq, s.fault(ctx, op, err)
	}
	return users, last, nil
}
