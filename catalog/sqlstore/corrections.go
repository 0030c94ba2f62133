package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// PutCorrection stores an editor's word on a pair of movies, in place of what was
// said of the pair before, and reports whether that was something else: one of the
// same kind and note stays as it is. A zero c.At is the time of the call. It is told
// as [catalog.ChangeCorrect] of c.Movie, with c in its Detail. Neither movie need be known. An id that is
// not legal, a pair of a movie with itself, a kind that is none of
// [catalog.CorrectionKind], or a note of more than [MaxNoteBytes], is an error that
// wraps [catalog.ErrInvalid].
func (s *Store) PutCorrection(ctx context.Context, c catalog.Correction) (changed bool, err error) {
	const op = "store correction"
	if err := checkCorrection(c); err != nil {
		return false, fmt.Errorf("%s: %w", op, err)
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		held, err := readCorrections(ctx, tx, "WHERE movie_id = ? AND other_id = ?", string(c.Movie), string(c.Other))
		if err != nil {
			return err
		}
		if len(held) > 0 && held[0].Kind == c.Kind && held[0].Note == c.Note {
			return nil
		}
		changed = true
		const query = `INSERT INTO neighbour_corrections (movie_id, other_id, kind, at, note) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (movie_id, other_id) DO UPDATE SET kind = excluded.kind, at = excluded.at, note = excluded.note`
		if _, err := tx.ExecContext(ctx, tx.Rebind(query), string(c.Movie), string(c.Other), string(c.Kind), c.At.UnixMicro(), c.Note); err != nil {
			return err
		}
		return tellCorrected(ctx, tx, c)
	})
	if err != nil {
		return false, err
	}
	return changed, nil
}

// RemoveCorrection takes back what an editor said of a pair of movies, and reports
// whether there was something. It is told as [catalog.ChangeCorrect] of movie. An id
// that is not legal is an error that wraps [catalog.ErrInvalid].
func (s *Store) RemoveCorrection(ctx context.Context, movie, other catalog.MovieID) (changed bool, err error) {
	const op = "remove correction"
	if _, err := legalMovies([]catalog.MovieID{movie, other}); err != nil {
		return false, fmt.Errorf("%s: %w", op, err)
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		const query = "DELETE FROM neighbour_corrections WHERE movie_id = ? AND other_id = ?"
		done, err := tx.ExecContext(ctx, tx.Rebind(query), string(movie), string(other))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		changed = true
		return tellCorrected(ctx, tx, catalog.Correction{Movie: movie, Other: other})
	})
	if err != nil {
		return false, err
	}
	return changed, nil
}

// tellCorrected tells of c, whose kind is empty if it was taken back. The detail of the
// change is c, so that what held at an earlier change can be told.
func tellCorrected(ctx context.Context, tx *sqlx.Tx, c catalog.Correction) error {
	detail, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = addChanges(ctx, tx, []catalog.Change{{Kind: catalog.ChangeCorrect, Subject: string(c.Movie), Detail: detail}})
	return err
}

func checkCorrection(c catalog.Correction) error {
	if _, err := legalMovies([]catalog.MovieID{c.Movie, c.Other}); err != nil {
		return err
	}
	if c.Movie == c.Other {
		return fmt.Errorf("correction of %q is of the movie with itself, want another movie: %w", c.Movie, catalog.ErrInvalid)
	}
	if c.Kind != catalog.Pin && c.Kind != catalog.Block {
		return fmt.Errorf("correction of %q has kind %.50q, want %q or %q: %w", c.Movie, c.Kind, catalog.Pin, catalog.Block, catalog.ErrInvalid)
	}
	return checkNote(c.Note)
}

// Corrections returns the corrections of a movie's neighbours by the other movie's
// id; of all movies, by the movie's id first, if movie is "". Ids are in the order
// of their bytes.
func (s *Store) Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error) {
	const op = "read corrections"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	corrections, err := correctionsOf(ctx, s.reader, movie)
	return corrections, s.fault(ctx, op, err)
}

func correctionsOf(ctx context.Context, q queryer, movie catalog.MovieID) ([]catalog.Correction, error) {
	if movie == "" {
		return readCorrections(ctx, q, "")
	}
	return readCorrections(ctx, q, "WHERE movie_id = ?", string(movie))
}

func readCorrections(ctx context.Context, q queryer, where string, args ...any) ([]catalog.Correction, error) {
	query := "SELECT movie_id, other_id, kind, at, note FROM neighbour_corrections " + where + " ORDER BY movie_id, other_id"
	var corrections []catalog.Correction
	err := each(ctx, q, func(rows *sqlx.Rows) error {
		var c catalog.Correction
		var at int64
		if err := rows.Scan(&c.Movie, &c.Other, &c.Kind, &at, &c.Note); err != nil {
			return err
		}
		c.At = time.UnixMicro(at).UTC()
		corrections = append(corrections, c)
		return nil
	}, q.Rebind(query), args...)
	if err != nil {
		return nil, err
	}
	return corrections, nil
}
