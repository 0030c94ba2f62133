package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// keepVersions keeps the facts of the movies of which the log tells from change
// first on, as they are stored: it must run before those changes are made. Who is
// new has none. One statement copies them inside the database, so that the facts of
// an import do not travel.
func keepVersions(ctx context.Context, tx *sqlx.Tx, first int64) error {
	const query = `INSERT INTO movie_versions (until_seq, movie_id, since_seq, at, facts)
		SELECT seq, id, since_seq, at, facts FROM changes JOIN movies ON id = subject WHERE seq >= ?`
	_, err := tx.ExecContext(ctx, tx.Rebind(query), first)
	return err
}

// RemoveMovies removes movies, in one transaction, and returns how many of them were
// stored. Each of those is told as [catalog.ChangeMovie], in the order of ids, and
// its facts are kept as a version ([Store.MovieVersions]). What people did with them
// stays, and so do corrections and whether they are hidden; who stores one again
// adds it. A movie that people have seen is missing from then on
// ([Store.MissingMovies]), and the catalog API may bring it back: hide what is not to
// be listed. An id that is not legal is an error that wraps [catalog.ErrInvalid], and
// nothing is removed.
func (s *Store) RemoveMovies(ctx context.Context, ids []catalog.MovieID) (removed int, err error) {
	const op = "remove movies"
	texts, err := legalMovies(ids)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	if len(texts) == 0 {
		return 0, nil
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		held, err := idsAmong(ctx, tx, "SELECT id FROM movies WHERE id IN (%s)", texts)
		if err != nil {
			return err
		}
		var gone []string
		for _, id := range texts {
			if held[id] {
				gone = append(gone, id)
			}
		}
		if removed = len(gone); removed == 0 {
			return nil
		}
		first, err := tellMovies(ctx, tx, gone)
		if err != nil {
			return err
		}
		if err := keepVersions(ctx, tx, first); err != nil {
			return err
		}
		return lookupExec(ctx, tx, "DELETE FROM movies WHERE id IN (%s)", gone)
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// MovieAt returns a movie as it was after change seq: a number above the last means
// as it is. If there was no such movie then, or if it is not known any more what was
// ([Store.Prune], or a store older than the keeping of versions), the error wraps
// [catalog.ErrNotFound].
func (s *Store) MovieAt(ctx context.Context, id catalog.MovieID, seq int64) (catalog.Movie, error) {
	const op = "read movie of the past"
	if err := s.there(); err != nil {
		return catalog.Movie{}, s.fault(ctx, op, err)
	}
	const query = `SELECT facts FROM movies WHERE id = ? AND since_seq <= ?
		UNION ALL SELECT facts FROM movie_versions WHERE movie_id = ? AND until_seq > ? AND since_seq <= ?`
	var facts string
	err := s.reader.GetContext(ctx, &facts, s.reader.Rebind(query), string(id), seq, string(id), seq, seq)
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.Movie{}, fmt.Errorf("movie %q after change %d: %w", id, seq, catalog.ErrNotFound)
	}
	var m catalog.Movie
	if err == nil {
		err = readFacts([]byte(facts), &m)
	}
	return m, s.fault(ctx, op, err)
}

// MovieVersions returns at most limit of the earlier facts of a movie, the newest
// first, whether or not the movie is stored now. A limit below 1 means 100.
// [Store.Prune] bounds how far they go back.
func (s *Store) MovieVersions(ctx context.Context, id catalog.MovieID, limit int) ([]catalog.MovieVersion, error) {
	const op = "read versions of a movie"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	if limit < 1 {
		limit = 100
	}
	const query = "SELECT since_seq, until_seq, at, facts FROM movie_versions WHERE movie_id = ? ORDER BY until_seq DESC LIMIT ?"
	var versions []catalog.MovieVersion
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var v catalog.MovieVersion
		var at int64
		var facts []byte
		if err := rows.Scan(&v.Since, &v.Until, &at, &facts); err != nil {
			return err
		}
		v.At = time.UnixMicro(at).UTC()
		versions = append(versions, v)
		return readFacts(facts, &versions[len(versions)-1].Movie)
	}, s.reader.Rebind(query), string(id), limit)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return versions, nil
}
