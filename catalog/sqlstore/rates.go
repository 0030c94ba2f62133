package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// rollBackHours is for how many hours [Store.RollExposures] looks again whether lists came
// late: a server whose database was away writes what it kept on its disk once that is
// back.
const rollBackHours = 48

// rolledCounter is the counter of the hour up to which exposures were rolled up.
const rolledCounter = "rolled_hours"

// RollExposures counts by hour, bundle and movie who was served, for every whole hour that
// ended at upTo or earlier, and returns how many hours it counted. An hour of which more
// lists are stored than were counted is counted again, if it is one of the last 48 before upTo or
// later than all that were counted; one of which lists are gone, because somebody was
// forgotten or they grew too old, keeps its counts, which hold nobody.
//
// Each hour is read without a lock and written in a transaction of its own, so it may end at any
// place and be called again, by many programs at once. It holds the counts of one hour and the
// movies of one person in memory. An hour that is not counted takes two lookups and a count
// of the index.
func (s *Store) RollExposures(ctx context.Context, upTo time.Time) (hours int, err error) {
	const op = "roll up exposures"
	if err := s.there(); err != nil {
		return 0, s.fault(ctx, op, err)
	}
	until := floorDiv(upTo.UnixMicro(), microsAnHour)
	hour, err := s.firstToRoll(ctx, until)
	any := false
	for err == nil && hour < until {
		var next sql.NullInt64
		const query = "SELECT MIN(at) FROM exposures WHERE at >= ? AND at < ?"
		if err = s.reader.GetContext(ctx, &next, s.reader.Rebind(query), hour*microsAnHour, until*microsAnHour); err != nil || !next.Valid {
			break
		}
		any, hour = true, floorDiv(next.Int64, microsAnHour)
		var rolled bool
		if rolled, err = s.rollHour(ctx, hour); rolled {
			hours++
		}
		hour++
	}
	if err == nil && any {
		err = s.noteRolled(ctx, until)
	}
	return hours, s.fault(ctx, op, err)
}

// firstToRoll returns the first hour that may have to be counted.
func (s *Store) firstToRoll(ctx context.Context, until int64) (int64, error) {
	var rolled int64
	err := s.reader.GetContext(ctx, &rolled, "SELECT value FROM counters WHERE name = '"+rolledCounter+"'")
	if errors.Is(err, sql.ErrNoRows) {
		return math.MinInt64 / microsAnHour, nil
	}
	return min(rolled, until-rollBackHours), err
}

func (s *Store) noteRolled(ctx context.Context, until int64) error {
	return s.transact(ctx, func(tx *sqlx.Tx) error {
		const query = "INSERT INTO counters (name, value) VALUES ('" + rolledCounter + "', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value"
		_, err := tx.ExecContext(ctx, tx.Rebind(query), until)
		return err
	})
}

// rollHour counts an hour if more lists are stored than were counted, and returns whether
// it did.
func (s *Store) rollHour(ctx context.Context, hour int64) (bool, error) {
	counted, err := countedLists(ctx, s.reader, hour)
	if err != nil {
		return false, err
	}
	var stored int64
	const query = "SELECT COUNT(*) FROM exposures WHERE at >= ? AND at < ?"
	if err := s.reader.GetContext(ctx, &stored, s.reader.Rebind(query), hour*microsAnHour, (hour+1)*microsAnHour); err != nil || stored <= counted {
		return false, err
	}
	bundles, err := s.tallyHour(ctx, hour)
	if err != nil {
		return false, err
	}
	return true, s.transact(ctx, func(tx *sqlx.Tx) error { return replaceHour(ctx, tx, hour, bundles) })
}

// countedLists returns how many lists of an hour were counted.
func countedLists(ctx context.Context, q queryer, hour int64) (n int64, err error) {
	err = sqlx.GetContext(ctx, q, &n, q.Rebind("SELECT COALESCE(SUM(lists), 0) FROM list_hours WHERE hour = ?"), hour)
	return n, err
}

// A bundleTally counts the people of one bundle in one hour.
type bundleTally struct {
	bundle        string
	people, lists int64
	movies        map[catalog.MovieID]int64 // to people
}

// tallyHour counts an hour, person by person.
func (s *Store) tallyHour(ctx context.Context, hour int64) (bundles []*bundleTally, err error) {
	const query = "SELECT bundle, user_id, request_id, movies FROM exposures WHERE at >= ? AND at < ? ORDER BY bundle, user_id"
	var b *bundleTally
	var user string
	had := make(map[catalog.MovieID]bool) // by user, of b
	err = each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var bundle, by, request string
		var raw []byte
		if err := rows.Scan(&bundle, &by, &request, &raw); err != nil {
			return err
		}
		if b == nil || b.bundle != bundle {
			b = &bundleTally{bundle: bundle, movies: make(map[catalog.MovieID]int64)}
			bundles = append(bundles, b)
		}
		if b.people == 0 || by != user {
			b.people++
			user = by
			clear(had)
		}
		b.lists++
		movies, err := unpackMovies(raw)
		if err != nil {
			return damaged(fmt.Errorf("request %s: %w", request, err))
		}
		for _, m := range movies {
			if !had[m.Movie] {
				had[m.Movie] = true
				b.movies[m.Movie]++
			}
		}
		return nil
	}, s.reader.Rebind(query), hour*microsAnHour, (hour+1)*microsAnHour)
	return bundles, err
}

// replaceHour stores the counts of an hour, unless somebody stored those of as many lists
// meanwhile.
func replaceHour(ctx context.Context, tx *sqlx.Tx, hour int64, bundles []*bundleTally) error {
	counted, err := countedLists(ctx, tx, hour)
	if err != nil {
		return err
	}
	lists := int64(0)
	for _, b := range bundles {
		lists += b.lists
	}
	if counted >= lists {
		return nil
	}
	for _, table := range []string{"list_hours", "movie_hours"} {
		if _, err := tx.ExecContext(ctx, tx.Rebind("DELETE FROM "+table+" WHERE hour = ?"), hour); err != nil {
			return err
		}
	}
	heads := newRowWriter(tx, "list_hours", []column{{"hour", "bigint"}, {"bundle", "text"}, {"people", "bigint"}, {"lists", "bigint"}}, "")
	defer heads.close()
	counts := newRowWriter(tx, "movie_hours", []column{{"hour", "bigint"}, {"bundle", "text"}, {"movie_id", "text"}, {"people", "bigint"}}, "")
	defer counts.close()
	for _, b := range bundles {
		if err := heads.add(ctx, hour, b.bundle, b.people, b.lists); err != nil {
			return err
		}
		for _, movie := range slices.Sorted(maps.Keys(b.movies)) {
			if err := counts.add(ctx, hour, b.bundle, string(movie), b.movies[movie]); err != nil {
				return err
			}
		}
	}
	return cmp.Or(heads.flush(ctx), counts.flush(ctx))
}

// ListHours returns who got lists in the hours that began at from or later and before to,
// as [Store.RollExposures] counted them: by hour, in one by bundle.
func (s *Store) ListHours(ctx context.Context, from, to time.Time) ([]catalog.ListHour, error) {
	const op = "read hours of lists"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	var out []catalog.ListHour
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var hour int64
		var h catalog.ListHour
		err := rows.Scan(&hour, &h.Bundle, &h.People, &h.Lists)
		h.Hour = time.UnixMicro(hour * microsAnHour).UTC()
		out = append(out, h)
		return err
	}, s.reader.Rebind("SELECT hour, bundle, people, lists FROM list_hours WHERE hour >= ? AND hour < ? ORDER BY hour, bundle"), hourFrom(from), hourFrom(to))
	return out, s.fault(ctx, op, err)
}

// hourFrom returns the first hour that begins at t or later.
func hourFrom(t time.Time) int64 { return floorDiv(t.UnixMicro()+microsAnHour-1, microsAnHour) }

// MovieRates yields which movies were in the lists of those hours ([Store.ListHours]), by
// hour, in one by bundle and movie; a movie that was in none is left out. It reads in
// pages and holds nothing between them, as [Store.Movies] does. After an error it ends.
// A million rows take some 1 s.
func (s *Store) MovieRates(ctx context.Context, from, to time.Time) iter.Seq2[catalog.MovieHour, error] {
	return func(yield func(catalog.MovieHour, error) bool) {
		heads, err := s.ListHours(ctx, from, to)
		if err != nil {
			yield(catalog.MovieHour{}, err)
			return
		}
		var place int // of the head of the last row
		hour, bundle, movie, end := hourFrom(from), "", "", hourFrom(to)
		page := make([]catalog.MovieHour, 0, pageSeen)
		for {
			page = page[:0]
			err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
				var m catalog.MovieHour
				if err := rows.Scan(&hour, &bundle, &movie, &m.People); err != nil {
					return err
				}
				m.Hour, m.Bundle, m.Movie = time.UnixMicro(hour*microsAnHour).UTC(), bundle, catalog.MovieID(movie)
				page = append(page, m)
				return nil
			}, s.reader.Rebind(`SELECT hour, bundle, movie_id, people FROM movie_hours
				WHERE (hour, bundle, movie_id) > (?, ?, ?) AND hour < ? ORDER BY hour, bundle, movie_id LIMIT ?`), hour, bundle, movie, end, pageSeen)
			if err != nil {
				yield(catalog.MovieHour{}, s.fault(ctx, "read rates of movies", err))
				return
			}
			for _, m := range page {
				for place < len(heads) && cmp.Or(heads[place].Hour.Compare(m.Hour), cmp.Compare(heads[place].Bundle, m.Bundle)) < 0 {
					place++
				}
				if place < len(heads) && heads[place].Hour.Equal(m.Hour) && heads[place].Bundle == m.Bundle {
					m.Of = heads[place].People
				}
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < pageSeen {
				return
			}
		}
	}
}

// rates removes the counts of hours that are older than lists may get.
func (p *pruner) rates(ctx context.Context, age time.Duration) error {
	if age <= 0 {
		return nil
	}
	first := floorDiv(p.now.Add(-age).UnixMicro(), microsAnHour) // the oldest that is not all too old
	for _, t := range []struct{ name, key string }{{"movie_hours", "hour, bundle, movie_id"}, {"list_hours", "hour, bundle"}} {
		query := fmt.Sprintf("DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE hour < ? ORDER BY %[2]s LIMIT ?)", t.name, t.key)
		for {
			n, err := p.inTurn(ctx, &p.removed.Rates, func(tx *sqlx.Tx) (int64, error) {
				done, err := tx.ExecContext(ctx, tx.Rebind(query), first, p.batch)
				if err != nil {
					return 0, err
				}
				return done.RowsAffected()
			})
			if err != nil {
				return err
			}
			if n < int64(p.batch) {
				break
			}
		}
	}
	return nil
}
