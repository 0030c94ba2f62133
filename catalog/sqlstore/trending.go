package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// maxTrendRows bounds how many rows of histories [Store.Trending] reads: about a second on
// SQLite (0.2 s for 200,000, two cores with others at work).
const maxTrendRows = 1_000_000

// Trending returns how many people began to watch each movie at since or later, and how
// many at before or later but earlier than since. Somebody counts once for a movie, when
// they first watched it, however long they go on. At most limit movies come, those first
// that rose most, since minus before; ties by since, the larger first, then by id. A
// limit below 1 means 1,000. Two spans of one length compare best.
//
// It reads the newest million rows of that time through an index that holds all it needs;
// what lies before them does not count. A before that is not earlier than since is an
// error that wraps [catalog.ErrInvalid].
func (s *Store) Trending(ctx context.Context, since, before time.Time, limit int) ([]catalog.MovieCount, error) {
	const op = "read trends"
	if !before.Before(since) {
		return nil, fmt.Errorf("%s: it compares from %v on with from %v on, want the second earlier: %w", op, since, before, catalog.ErrInvalid)
	}
	if limit < 1 {
		limit = 1000
	}
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	const query = `SELECT movie_id, SUM(CASE WHEN first_at >= ? THEN 1 ELSE 0 END), COUNT(*)
		FROM (SELECT movie_id, first_at FROM seen WHERE first_at >= ? ORDER BY first_at DESC, movie_id DESC LIMIT ?) AS newest
		GROUP BY movie_id`
	var counts []catalog.MovieCount
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var c catalog.MovieCount
		var all int
		err := rows.Scan(&c.Movie, &c.Since, &all)
		c.Before = all - c.Since
		counts = append(counts, c)
		return err
	}, s.reader.Rebind(query), since.UnixMicro(), before.UnixMicro(), maxTrendRows)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	slices.SortFunc(counts, func(a, b catalog.MovieCount) int {
		return cmp.Or(cmp.Compare(b.Since-b.Before, a.Since-a.Before), cmp.Compare(b.Since, a.Since), cmp.Compare(a.Movie, b.Movie))
	})
	return counts[:min(limit, len(counts))], nil
}
