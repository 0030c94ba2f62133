package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// pageSeen is how many rows of histories an iterator reads at a time. It holds
// that many, or the longest single history if that is more.
const pageSeen = 8192

const seenQuery = `SELECT user_id, movie_id, at, minute, days, rating, runtime
	FROM seen LEFT JOIN movies ON id = movie_id `

// runtimeOfSeen looks up the movie of one row. Of a join, PostgreSQL thinks, while it knows
// little of the tables, that reading all movies costs less, and does so for each person.
const runtimeOfSeen = "(SELECT runtime FROM movies WHERE id = movie_id)"

const historyQuery = "SELECT user_id, movie_id, at, minute, days, rating, " + runtimeOfSeen + " FROM seen WHERE user_id = ? ORDER BY at DESC, movie_id"

// History returns at most limit movies of one person's history, or all if limit
// is below 1: the newest first, ties by movie id. Someone without a history has
// an empty one, which is no error. BenchmarkHistory has the time.
func (s *Store) History(ctx context.Context, user catalog.UserID, limit int) ([]catalog.Seen, error) {
	rows, err := s.historyOf(ctx, user, limit)
	if err != nil {
		return nil, s.fault(ctx, "read history", err)
	}
	seen := make([]catalog.Seen, len(rows))
	for i, r := range rows {
		seen[i] = r.Seen
	}
	return seen, nil
}

func (s *Store) historyOf(ctx context.Context, user catalog.UserID, limit int) ([]catalog.UserSeen, error) {
	if err := s.there(); err != nil {
		return nil, err
	}
	var rows *sqlx.Rows
	var err error
	if limit < 1 {
		rows, err = s.recent.QueryxContext(ctx, string(user))
	} else {
		// The limit stands in the text: SQLite plans a prepared statement anew,
		// for a fifth of the whole time, whenever a bound limit is bound again.
		rows, err = s.reader.QueryxContext(ctx, s.reader.Rebind(historyQuery+" LIMIT "+strconv.Itoa(limit)), string(user))
	}
	if err != nil {
		return nil, err
	}
	return scanSeen(rows)
}

// Histories yields all histories, ordered by user id, bytewise; within a user
// the newest first, ties by movie id. It reads in pages, each user's history in
// one statement, and holds nothing between them, so writers are never kept
// waiting and the loop may call the store; what is stored meanwhile may or may
// not appear. After an error it ends.
func (s *Store) Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error] {
	return historyPages(ctx, s)
}

func historyPages(ctx context.Context, from source) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		after := catalog.UserID("") // less than every id
		for {
			page, more, err := historyPage(ctx, from.queryer(), after)
			if err != nil {
				yield(catalog.UserSeen{}, from.fault(ctx, "read histories", err))
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if !more {
				return
			}
			after = page[len(page)-1].User
		}
	}
}

// historyPage returns whole histories of people after the given one, and
// whether there may be more.
func historyPage(ctx context.Context, q queryer, after catalog.UserID) (page []catalog.UserSeen, more bool, err error) {
	const query = seenQuery + "WHERE user_id > ? ORDER BY user_id, at DESC, movie_id LIMIT ?"
	rows, err := q.QueryxContext(ctx, q.Rebind(query), string(after), pageSeen)
	if err != nil {
		return nil, false, err
	}
	if page, err = scanSeen(rows); err != nil || len(page) < pageSeen {
		return page, false, err
	}
	// The last history may go on: it is left to the next page, unless it is the
	// only one.
	cut := len(page)
	for cut > 0 && page[cut-1].User == page[len(page)-1].User {
		cut--
	}
	if cut > 0 {
		return page[:cut], true, nil
	}
	if rows, err = q.QueryxContext(ctx, q.Rebind(historyQuery), string(page[0].User)); err != nil {
		return nil, false, err
	}
	page, err = scanSeen(rows)
	return page, true, err
}

// scanSeen reads and closes rows.
func scanSeen(rows *sqlx.Rows) ([]catalog.UserSeen, error) {
	defer rows.Close()
	var out []catalog.UserSeen
	for rows.Next() {
		var r catalog.UserSeen
		var at int64
		var days int
		var minute, runtime sql.NullInt64
		var rating sql.NullFloat64
		if err := rows.Scan(&r.User, &r.Movie, &at, &minute, &days, &rating, &runtime); err != nil {
			return nil, err
		}
		r.Seen = seenOf(r.Movie, time.UnixMicro(at).UTC(), minute, days, rating, runtime)
		out = append(out, r)
	}
	return out, rows.Err()
}

// seenOf returns a movie of a history from the columns of its row.
func seenOf(movie catalog.MovieID, at time.Time, minute sql.NullInt64, days int, rating sql.NullFloat64, runtime sql.NullInt64) catalog.Seen {
	seen := catalog.Seen{Movie: movie, At: at, Rating: rating.Float64, Rated: rating.Valid}
	if minute.Valid {
		seen.Days = days
		seen.Share, seen.Shared = catalog.Watch{Minute: int(minute.Int64), Runtime: int(runtime.Int64)}.Share()
	}
	return seen
}
