package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// seenColumns are the columns of table seen as [upsertSeen] writes them.
var seenColumns = []string{"user_id", "movie_id", "at", "first_at", "last_at", "minute", "days", "day_set", "rating", "rated_at"}

// storeSeen folds news into the stored histories and gives a new sequence
// number to every person whose history changed by it. It must run under the
// write lock. The tally counts pairs; for it a row that has no rating yet is
// New to a rating.
func storeSeen(ctx context.Context, tx *sqlx.Tx, news map[pair]past) (catalog.Tally, error) {
	var tally catalog.Tally
	keys := sortedPairs(news)
	held, err := readSeen(ctx, tx, keys)
	if err != nil {
		return tally, err
	}
	var changed []pair
	for _, k := range keys {
		row, known := held[k]
		fresh := !known || news[k].rated && !row.rated
		switch {
		case !row.fold(news[k]):
			tally.Same++
			continue
		case fresh:
			tally.New++
		default:
			tally.Changed++
		}
		held[k] = row
		changed = append(changed, k)
	}
	if err := upsertSeen(ctx, tx, held, changed); err != nil {
		return tally, err
	}
	return tally, numberUsers(ctx, tx, usersOf(changed))
}

// sortedPairs returns the keys by user and movie, the order of the table.
func sortedPairs(news map[pair]past) []pair {
	keys := make([]pair, 0, len(news))
	for k := range news {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.movie, b.movie))
	})
	return keys
}

func readSeen(ctx context.Context, tx *sqlx.Tx, keys []pair) (map[pair]past, error) {
	// CROSS JOIN keeps SQLite from reading the whole table and looking up keys.
	const query = `WITH k (u, m) AS (VALUES %s)
		SELECT user_id, movie_id, first_at, last_at, minute, day_set, rating, rated_at
		FROM k CROSS JOIN seen WHERE user_id = u AND movie_id = m`
	flat := make([]string, 0, 2*len(keys))
	for _, k := range keys {
		flat = append(flat, string(k.user), string(k.movie))
	}
	held := make(map[pair]past, len(keys))
	err := lookup(ctx, tx, query, 2, flat, func(rows *sqlx.Rows) error {
		var k pair
		var first, last, minute, ratedAt sql.NullInt64
		var rating sql.NullFloat64
		var days []byte
		if err := rows.Scan(&k.user, &k.movie, &first, &last, &minute, &days, &rating, &ratedAt); err != nil {
			return err
		}
		held[k] = past{
			watched: last.Valid, first: first.Int64, last: last.Int64, minute: minute.Int64, days: decodeDays(days),
			rated: rating.Valid, rating: rating.Float64, ratedAt: ratedAt.Int64,
		}
		return nil
	})
	return held, err
}

func upsertSeen(ctx context.Context, tx *sqlx.Tx, rows map[pair]past, keys []pair) error {
	var set []string
	for _, c := range seenColumns[2:] {
		set = append(set, c+" = excluded."+c)
	}
	b := newBulk(tx, "seen", seenColumns, "ON CONFLICT (user_id, movie_id) DO UPDATE SET "+strings.Join(set, ", "))
	defer b.close()
	for _, k := range keys {
		p := rows[k]
		var first, last, minute, days, rating, ratedAt any
		if p.watched {
			first, last, minute, days = p.first, p.last, p.minute, encodeDays(p.days)
		}
		if p.rated {
			rating, ratedAt = p.rating, p.ratedAt
		}
		err := b.add(ctx, string(k.user), string(k.movie), p.at(), first, last, minute, int64(len(p.days)), days, rating, ratedAt)
		if err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// usersOf returns the people of keys, which are sorted, each once.
func usersOf(keys []pair) []catalog.UserID {
	var users []catalog.UserID
	for _, k := range keys {
		if n := len(users); n == 0 || users[n-1] != k.user {
			users = append(users, k.user)
		}
	}
	return users
}

// numberUsers gives users, each once, the next sequence numbers in their order.
func numberUsers(ctx context.Context, tx *sqlx.Tx, users []catalog.UserID) error {
	if len(users) == 0 {
		return nil
	}
	var last int64
	const query = "UPDATE counters SET value = value + ? WHERE name = 'activity' RETURNING value"
	if err := tx.GetContext(ctx, &last, tx.Rebind(query), len(users)); err != nil {
		return err
	}
	b := newBulk(tx, "activity", []string{"user_id", "seq"}, "ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq")
	defer b.close()
	for i, u := range users {
		if err := b.add(ctx, string(u), last-int64(len(users)-1-i)); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}
