package sqlstore

import (
	"context"

	"marquee/catalog"
)

// Counts returns how much the store holds. It reads every row of every history:
// on SQLite some 0.2 s for a million.
func (s *Store) Counts(ctx context.Context) (catalog.Counts, error) {
	var c catalog.Counts
	const query = `SELECT (SELECT count(*) FROM movies), (SELECT count(*) FROM users), count(rating), count(last_at),
		(SELECT count(*) FROM quarantine), (SELECT count(*) FROM vectors),
		(SELECT count(*) FROM exposures), (SELECT count(*) FROM changes), (SELECT count(*) FROM tombstones),
		(SELECT count(*) FROM hidden_movies), (SELECT count(*) FROM neighbour_corrections), (SELECT count(*) FROM movie_versions),
		(SELECT count(*) FROM feedback), (SELECT count(*) FROM opinions), (SELECT count(*) FROM preferences WHERE liked <> '' OR disliked <> ''),
		(SELECT count(*) FROM experiments) FROM seen`
	err := s.reader.QueryRowxContext(ctx, query).Scan(&c.Movies, &c.Users, &c.Ratings, &c.Watches, &c.Quarantined, &c.Vectors,
		&c.Exposures, &c.Changes, &c.Tombstones, &c.Hidden, &c.Corrections, &c.Versions,
		&c.Feedback, &c.Opinions, &c.Preferences, &c.Experiments)
	return c, s.fault(ctx, "count", err)
}

func (s *Store) count(ctx context.Context, table string) (int, error) {
	var n int
	err := s.reader.GetContext(ctx, &n, "SELECT count(*) FROM "+table)
	return n, s.fault(ctx, "count "+table, err)
}
