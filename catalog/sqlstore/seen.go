package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// seenColumns are the columns of table seen as [upsertSeen] writes them.
var seenColumns = []column{
	{"user_id", "text"}, {"movie_id", "text"}, {"at", "bigint"}, {"first_at", "bigint"}, {"last_at", "bigint"},
	{"minute", "bigint"}, {"days", "bigint"}, {"day_set", "bytea"}, {"rating", "double precision"}, {"rated_at", "bigint"},
}

// storeSeen folds news into the stored histories and gives a new sequence
// number to every person whose history changed by it. It must run under the
// write lock. The tally counts pairs; for it a row that has no rating yet is
// New to a rating.
func storeSeen(ctx context.Context, tx *sqlx.Tx, news map[pair]past) (catalog.Tally, error) {
	var tally catalog.Tally
	keys := sortedPairs(news)
	rows, err := readSeen(ctx, tx, keys)
	if err != nil {
		return tally, err
	}
	var changed []int // places of keys
	for i, k := range keys {
		row := &rows[i]
		known, rated := row.watched || row.rated, row.rated
		switch {
		case !row.fold(news[k]):
			tally.Same++
			continue
		case !known, news[k].rated && !rated:
			tally.New++
		default:
			tally.Changed++
		}
		changed = append(changed, i)
	}
	if err := upsertSeen(ctx, tx, keys, rows, changed); err != nil {
		return tally, err
	}
	return tally, numberUsers(ctx, tx, usersOf(keys, changed))
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

// The columns that readSeen scans, and the queries that read them for many keys
// at once, each with its number. Both make the database look up key by key:
// left to itself it may read the whole table instead.
const (
	pastColumns = "n, first_at, last_at, minute, day_set, rating, rated_at"

	seenOnSQLite   = "WITH k (n, u, m) AS (VALUES %s) SELECT " + pastColumns + " FROM k CROSS JOIN seen WHERE user_id = u AND movie_id = m"
	seenOnPostgres = "SELECT " + pastColumns + " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (u, m, n)" +
		" CROSS JOIN LATERAL (SELECT * FROM seen WHERE user_id = u AND movie_id = m OFFSET 0) AS found"
)

// readSeen returns the stored row of each key; the zero past where there is
// none.
func readSeen(ctx context.Context, tx *sqlx.Tx, keys []pair) ([]past, error) {
	rows := make([]past, len(keys))
	if tx.DriverName() == Postgres {
		return rows, readSeenPostgres(ctx, tx, keys, rows)
	}
	return rows, readSeenSQLite(ctx, tx, keys, rows)
}

func readSeenPostgres(ctx context.Context, tx *sqlx.Tx, keys []pair, rows []past) error {
	var users, movies arrayText
	for from := 0; from < len(keys); from += arrayRows {
		chunk := keys[from:min(from+arrayRows, len(keys))]
		for _, k := range chunk {
			users.quoted(string(k.user))
			movies.quoted(string(k.movie))
		}
		found, err := tx.QueryxContext(ctx, seenOnPostgres, users.take(), movies.take())
		if err == nil {
			err = scanPasts(found, rows[from:from+len(chunk)])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readSeenSQLite(ctx context.Context, tx *sqlx.Tx, keys []pair, rows []past) error {
	args := make([]any, 0, 2*min(chunkRows, len(keys)))
	var full *sqlx.Stmt // of a whole chunk
	for from := 0; from < len(keys); from += chunkRows {
		chunk := keys[from:min(from+chunkRows, len(keys))]
		args = args[:0]
		for _, k := range chunk {
			args = append(args, string(k.user), string(k.movie))
		}
		if full == nil || len(chunk) < chunkRows {
			stmt, err := tx.PreparexContext(ctx, fmt.Sprintf(seenOnSQLite, numberedTuples(len(chunk))))
			if err != nil {
				return err
			}
			defer stmt.Close() // at most two
			full = stmt
		}
		found, err := full.QueryxContext(ctx, args...)
		if err == nil {
			err = scanPasts(found, rows[from:from+len(chunk)])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numberedTuples returns "(1,?,?),(2,?,?)" for so many pairs.
func numberedTuples(n int) string {
	var out strings.Builder
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "(%d,?,?)", i+1)
	}
	return out.String()
}

// scanPasts puts what a query found into rows, by their numbers from 1, and
// closes it.
func scanPasts(found *sqlx.Rows, rows []past) error {
	defer found.Close()
	var first, last, minute, ratedAt sql.NullInt64
	var rating sql.NullFloat64
	var days sql.RawBytes
	for found.Next() {
		var n int
		if err := found.Scan(&n, &first, &last, &minute, &days, &rating, &ratedAt); err != nil {
			return err
		}
		rows[n-1] = past{
			watched: last.Valid, first: first.Int64, last: last.Int64, minute: minute.Int64, days: decodeDays(days),
			rated: rating.Valid, rating: rating.Float64, ratedAt: ratedAt.Int64,
		}
	}
	return found.Err()
}

// upsertSeen stores those rows whose places are given.
func upsertSeen(ctx context.Context, tx *sqlx.Tx, keys []pair, rows []past, places []int) error {
	var set []string
	for _, c := range seenColumns[2:] {
		set = append(set, c.name+" = excluded."+c.name)
	}
	w := newRowWriter(tx, "seen", seenColumns, "ON CONFLICT (user_id, movie_id) DO UPDATE SET "+strings.Join(set, ", "))
	defer w.close()
	for _, i := range places {
		p := &rows[i]
		var first, last, minute, days, rating, ratedAt any
		if p.watched {
			first, last, minute, days = p.first, p.last, p.minute, encodeDays(p.days)
		}
		if p.rated {
			rating, ratedAt = p.rating, p.ratedAt
		}
		err := w.add(ctx, string(keys[i].user), string(keys[i].movie), p.at(), first, last, minute, int64(len(p.days)), days, rating, ratedAt)
		if err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

// usersOf returns the people of the keys at places, both sorted, each once.
func usersOf(keys []pair, places []int) []catalog.UserID {
	var users []catalog.UserID
	for _, i := range places {
		if n := len(users); n == 0 || users[n-1] != keys[i].user {
			users = append(users, keys[i].user)
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
	columns := []column{{"user_id", "text"}, {"seq", "bigint"}}
	w := newRowWriter(tx, "activity", columns, "ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq")
	defer w.close()
	for i, u := range users {
		if err := w.add(ctx, string(u), last-int64(len(users)-1-i)); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}
