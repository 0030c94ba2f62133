package sqlstore

import (
	"context"
	"iter"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Accounts yields all sign-ups by ascending user id, bytewise, in pages as
// [Store.Movies] does.
func (s *Store) Accounts(ctx context.Context) iter.Seq2[catalog.Account, error] {
	return accountPages(ctx, s)
}

func accountPages(ctx context.Context, from source) iter.Seq2[catalog.Account, error] {
	return keyPages(ctx, from, keyed[catalog.Account]{
		op:    "read accounts",
		query: "SELECT user_id, at FROM accounts WHERE user_id > ? ORDER BY user_id LIMIT ?",
		first: []any{""},
		scan: func(rows *sqlx.Rows) (a catalog.Account, err error) {
			var at int64
			err = rows.Scan(&a.User, &at)
			a.At = time.UnixMicro(at).UTC()
			return a, err
		},
		key: func(a catalog.Account) []any { return []any{string(a.User)} },
	})
}

// Watches yields every pair of a person and a movie of which a minute was
// watched, by user and then by movie id, bytewise, in pages as [Store.Movies]
// does.
func (s *Store) Watches(ctx context.Context) iter.Seq2[catalog.Watch, error] {
	return keyPages(ctx, s, keyed[catalog.Watch]{
		op: "read watches",
		query: `SELECT user_id, movie_id, first_at, last_at, minute, days, COALESCE(runtime, 0) FROM seen LEFT JOIN movies ON id = movie_id
			WHERE (user_id, movie_id) > (?, ?) AND last_at IS NOT NULL ORDER BY user_id, movie_id LIMIT ?`,
		first: []any{"", ""},
		scan: func(rows *sqlx.Rows) (w catalog.Watch, err error) {
			var first, last int64
			err = rows.Scan(&w.User, &w.Movie, &first, &last, &w.Minute, &w.Days, &w.Runtime)
			w.First, w.Last = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
			return w, err
		},
		key: func(w catalog.Watch) []any { return []any{string(w.User), string(w.Movie)} },
	})
}

// Ratings yields every rating by user and then by movie id, bytewise, in pages
// as [Store.Movies] does.
func (s *Store) Ratings(ctx context.Context) iter.Seq2[catalog.Rating, error] {
	return keyPages(ctx, s, keyed[catalog.Rating]{
		op: "read ratings",
		query: `SELECT user_id, movie_id, rating, rated_at FROM seen
			WHERE (user_id, movie_id) > (?, ?) AND rating IS NOT NULL ORDER BY user_id, movie_id LIMIT ?`,
		first: []any{"", ""},
		scan: func(rows *sqlx.Rows) (r catalog.Rating, err error) {
			var at int64
			err = rows.Scan(&r.User, &r.Movie, &r.Value, &at)
			r.At = time.UnixMicro(at).UTC()
			return r, err
		},
		key: func(r catalog.Rating) []any { return []any{string(r.User), string(r.Movie)} },
	})
}

// A keyed says how rows are read in the order of a key.
type keyed[T any] struct {
	op    string
	query string // takes the key after which to go on, and how many rows
	first []any  // a key less than every other
	scan  func(*sqlx.Rows) (T, error)
	key   func(T) []any
}

// keyPages yields rows in the order of their key, pageSeen at a time.
func keyPages[T any](ctx context.Context, from source, k keyed[T]) iter.Seq2[T, error] {
	q := from.queryer()
	query := q.Rebind(k.query)
	return func(yield func(T, error) bool) {
		after := k.first
		var page []T
		for {
			page = page[:0]
			err := each(ctx, q, func(rows *sqlx.Rows) error {
				v, err := k.scan(rows)
				page = append(page, v)
				return err
			}, query, append(after, pageSeen)...)
			if err != nil {
				var zero T
				yield(zero, from.fault(ctx, k.op, err))
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if len(page) < pageSeen {
				return
			}
			after = k.key(page[len(page)-1])
		}
	}
}
