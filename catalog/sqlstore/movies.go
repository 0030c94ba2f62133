package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// pageFacts is how many movies or users an iterator holds at a time. A movie
// has some 3 KB, at worst a few hundred.
const pageFacts = 256

// PutMovies stores whole rows: what was known of a movie before is replaced, and
// kept as a version ([Store.MovieVersions]). Of two rows of one movie the last counts, and the other is counted as Same, like
// a row that is stored already. What is new or changed is told in the log of
// changes ([Store.ChangesSince]). The rows should have been normalized
// ([catalog.Movie.Normalize]); an id that is not legal is an error that wraps
// [catalog.ErrInvalid], and nothing is stored.
func (s *Store) PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error) {
	const op = "store movies"
	rows := make([]factRow, len(movies))
	for i, m := range movies {
		r, err := movieRow(m)
		if err != nil {
			return catalog.Tally{}, fmt.Errorf("%s: row %d: %w", op, i, err)
		}
		rows[i] = r
	}
	return s.putFacts(ctx, op, movieTable, rows)
}

func movieRow(m catalog.Movie) (factRow, error) {
	if _, err := catalog.ParseMovieID(string(m.ID)); err != nil {
		return factRow{}, err
	}
	r, err := encodeFacts(string(m.ID), m)
	if err != nil {
		return factRow{}, err
	}
	imdb := sql.NullString{String: m.IMDBID, Valid: m.IMDBID != "" && len(m.IMDBID) <= maxKeyBytes}
	tmdb := sql.NullInt64{Int64: m.TMDBID, Valid: m.TMDBID != 0}
	r.columns = []any{foldCase(m.Title), imdb, tmdb, int64(m.RuntimeMinutes), int64(0)} // the last is sinceColumn
	return r, nil
}

// Movie returns one movie; an id that is not stored is an error that wraps
// [catalog.ErrNotFound].
func (s *Store) Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) {
	var m catalog.Movie
	err := s.factsOf(ctx, movieTable, string(id), &m)
	return m, err
}

// Movies yields all movies by ascending id, bytewise. It reads in pages and
// holds nothing between them, so writers are never kept waiting, the loop may
// call the store, and a movie that is stored meanwhile may or may not appear.
// After an error it ends.
func (s *Store) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	return factPages(ctx, s, movieTable, func(m catalog.Movie) string { return string(m.ID) })
}

// MovieCount returns the number of movies.
func (s *Store) MovieCount(ctx context.Context) (int, error) {
	return s.count(ctx, "movies")
}

// MovieByOutside returns, ascending, the ids of the movies that an outside
// database knows under value: kind is "imdb_id" ("tt0114709") or "tmdb_id"
// ("862").
func (s *Store) MovieByOutside(ctx context.Context, kind, value string) ([]catalog.MovieID, error) {
	const op = "find movie by outside id"
	var arg any = value
	switch kind {
	case "imdb_id":
	case "tmdb_id":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: tmdb_id is %q, want a whole number: %w", op, value, catalog.ErrInvalid)
		}
		arg = n
	default:
		return nil, fmt.Errorf("%s: kind is %q, want imdb_id or tmdb_id: %w", op, kind, catalog.ErrInvalid)
	}
	var ids []catalog.MovieID
	query := s.reader.Rebind("SELECT id FROM movies WHERE " + kind + " = ? ORDER BY id")
	return ids, s.fault(ctx, op, s.reader.SelectContext(ctx, &ids, query, arg))
}

// FindMovies returns at most limit movies whose title is, begins with or
// contains title, in that order and then by title, without regard to case.
// Only the first 500 bytes of a title are searched. It reads the index of all
// titles: some 10 ms for 27,000 movies.
func (s *Store) FindMovies(ctx context.Context, title string, limit int) ([]catalog.Movie, error) {
	const op = "find movies"
	key := foldCase(title)
	if key == "" || limit < 1 {
		return nil, nil
	}
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(key)
	const query = `SELECT facts FROM movies JOIN (
			SELECT id AS found, CASE WHEN title_key = ? THEN 0 WHEN title_key LIKE ? ESCAPE '\' THEN 1 ELSE 2 END AS place
			FROM movies WHERE title_key LIKE ? ESCAPE '\'
			ORDER BY place, title_key, id LIMIT ?
		) AS hits ON id = found ORDER BY place, title_key, id`
	var movies []catalog.Movie
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var m catalog.Movie
		if err := scanFacts(rows, &m); err != nil {
			return err
		}
		movies = append(movies, m)
		return nil
	}, s.reader.Rebind(query), key, like+"%", "%"+like+"%", limit)
	return movies, s.fault(ctx, op, err)
}

// factsOf reads the facts of one id into v.
func (s *Store) factsOf(ctx context.Context, t factTable, id string, v any) error {
	op := "read " + t.kind
	if err := s.there(); err != nil {
		return s.fault(ctx, op, err)
	}
	var facts string
	err := s.reader.GetContext(ctx, &facts, s.reader.Rebind("SELECT facts FROM "+t.name+" WHERE id = ?"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %q: %w", t.kind, id, catalog.ErrNotFound)
	}
	if err == nil {
		err = readFacts([]byte(facts), v)
	}
	return s.fault(ctx, op, err)
}

func scanFacts(rows *sqlx.Rows, v any) error {
	var facts []byte
	if err := rows.Scan(&facts); err != nil {
		return err
	}
	return readFacts(facts, v)
}

func readFacts(facts []byte, v any) error {
	if err := json.Unmarshal(facts, v); err != nil {
		return damaged(fmt.Errorf("a record is no JSON of its kind: %w", err))
	}
	return nil
}

// factPages yields all facts of a table by ascending id.
func factPages[T any](ctx context.Context, from source, t factTable, id func(T) string) iter.Seq2[T, error] {
	q := from.queryer()
	query := q.Rebind("SELECT facts FROM " + t.name + " WHERE id > ? ORDER BY id LIMIT ?")
	return func(yield func(T, error) bool) {
		after := "" // less than every id
		for {
			page := make([]T, 0, pageFacts)
			err := each(ctx, q, func(rows *sqlx.Rows) error {
				var v T
				if err := scanFacts(rows, &v); err != nil {
					return err
				}
				page = append(page, v)
				return nil
			}, query, after, pageFacts)
			if err != nil {
				var zero T
				yield(zero, from.fault(ctx, "read "+t.name, err))
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if len(page) < pageFacts {
				return
			}
			after = id(page[len(page)-1])
		}
	}
}
