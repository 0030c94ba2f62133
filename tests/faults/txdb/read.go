package txdb

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"marquee/catalog"
)

// rowsOf yields what a committed table holds.
func rowsOf[K comparable, V any](db *DB, table map[K]V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		db.mu.Lock()
		rows := slices.Collect(maps.Values(table))
		db.mu.Unlock()
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Watches yields all watches, in no order.
func (db *DB) Watches(context.Context) iter.Seq2[catalog.Watch, error] {
	return rowsOf(db, db.watches)
}

// Ratings yields all ratings, in no order.
func (db *DB) Ratings(context.Context) iter.Seq2[catalog.Rating, error] {
	return rowsOf(db, db.ratings)
}

// Accounts yields all accounts, in no order.
func (db *DB) Accounts(context.Context) iter.Seq2[catalog.Account, error] {
	return rowsOf(db, db.accounts)
}

// Histories yields all histories, in no order.
func (db *DB) Histories(context.Context) iter.Seq2[catalog.UserSeen, error] {
	db.mu.Lock()
	defer db.mu.Unlock()
	rows := make(map[pair]catalog.UserSeen, len(db.watches))
	for k, w := range db.watches {
		rows[k] = catalog.UserSeen{User: k.user, Seen: catalog.Seen{Movie: k.movie, At: w.Last, Days: w.Days}}
	}
	for k, r := range db.ratings {
		row := rows[k]
		row.User, row.Movie, row.Rating, row.Rated = k.user, k.movie, r.Value, true
		if r.At.After(row.At) {
			row.At = r.At
		}
		rows[k] = row
	}
	return rowsOf(db, rows)
}

// QuarantineLines returns refused lines by source and offset.
func (db *DB) QuarantineLines(_ context.Context, _ catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	var page []catalog.Refused
	for place, r := range db.refused {
		if cmp.Or(cmp.Compare(place.Source, after.Source), cmp.Compare(place.Offset, after.Offset)) > 0 || after == (catalog.RefusedPlace{}) {
			page = append(page, r)
		}
	}
	slices.SortFunc(page, func(a, b catalog.Refused) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Offset, b.Offset))
	})
	return page[:min(len(page), limit)], nil
}

// Intake returns the counters, all in one hour.
func (db *DB) Intake(_ context.Context, from, _ time.Time) ([]catalog.Intake, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	var rows []catalog.Intake
	for outcome, n := range db.intake {
		rows = append(rows, catalog.Intake{Hour: from, Outcome: outcome, Lines: n})
	}
	return rows, nil
}

// Offset returns the committed offset of a partition.
func (db *DB) Offset(_ context.Context, partition string) (int64, error) {
	held, _ := db.heldOf(partition)
	return held, nil
}
