package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// LastActivity returns the newest sequence number that [Store.ActiveSince] can
// return, 0 in a store without activity.
func (s *Store) LastActivity(ctx context.Context) (int64, error) {
	const op = "read last activity"
	if err := s.there(); err != nil {
		return 0, s.fault(ctx, op, err)
	}
	var last int64
	const query = "SELECT COALESCE(MAX(seq), 0) FROM activity"
	if err := s.reader.GetContext(ctx, &last, query); err != nil {
		return 0, s.fault(ctx, op, err)
	}
	return last, nil
}

// MissingMovies returns the ids, ascending, that watches and ratings name and
// that the store has no movie for, without those that the catalog API does not
// know. It reads every watch.
func (s *Store) MissingMovies(ctx context.Context) ([]catalog.MovieID, error) {
	const query = `SELECT DISTINCT movie_id FROM seen
		WHERE NOT EXISTS (SELECT 1 FROM movies WHERE movies.id = seen.movie_id)
		AND NOT EXISTS (SELECT 1 FROM unknown_ids WHERE kind = 'movie' AND unknown_ids.id = seen.movie_id)
		ORDER BY movie_id`
	return missing[catalog.MovieID](ctx, s, "read missing movies", query)
}

// MissingUsers returns the ids, ascending, of people who watched, rated or
// signed up and whom the store has no record of, without those that the catalog
// API does not know. It reads a row of every person.
func (s *Store) MissingUsers(ctx context.Context) ([]catalog.UserID, error) {
	const query = `SELECT user_id FROM (SELECT user_id FROM activity UNION SELECT user_id FROM accounts) AS people
		WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = people.user_id)
		AND NOT EXISTS (SELECT 1 FROM unknown_ids WHERE kind = 'user' AND unknown_ids.id = people.user_id)
		ORDER BY user_id`
	return missing[catalog.UserID](ctx, s, "read missing people", query)
}

func missing[ID ~string](ctx context.Context, s *Store, op, query string) ([]ID, error) {
	var ids []ID
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var id ID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, query)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return ids, nil
}
