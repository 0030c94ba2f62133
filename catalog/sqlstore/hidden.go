package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// MaxNoteBytes is the longest note on a hidden movie or a correction.
const MaxNoteBytes = 500

// SetHidden hides movies, or lets them be listed again, in one transaction, and
// returns how many of them were not so before. Each of those is told in the log of
// changes, as [catalog.ChangeHide] or [catalog.ChangeUnhide] in the order of ids,
// with the note as {"note": "..."} in its Detail unless that is empty. One that is
// hidden already keeps its time, and its note too unless there is a new one, which is
// told as [catalog.ChangeHide] after them, and not counted. The movies need not be known. An id
// that is not legal, or a note of more than [MaxNoteBytes], is an error that wraps
// [catalog.ErrInvalid], and nothing is stored.
func (s *Store) SetHidden(ctx context.Context, ids []catalog.MovieID, hidden bool, note string) (changed int, err error) {
	op, kind := "hide movies", catalog.ChangeHide
	if !hidden {
		op, kind = "unhide movies", catalog.ChangeUnhide
	}
	texts, err := legalMovies(ids)
	if err == nil {
		err = checkNote(note)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	if len(texts) == 0 {
		return 0, nil
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		held, err := idsAmong(ctx, tx, "SELECT movie_id FROM hidden_movies WHERE movie_id IN (%s)", texts)
		if err != nil {
			return err
		}
		var other []string // those that are to be made so
		for _, id := range texts {
			if held[id] != hidden {
				other = append(other, id)
			}
		}
		changed = len(other)
		at := time.Now()
		if hidden {
			err = hide(ctx, tx, other, at, note)
		} else {
			err = lookupExec(ctx, tx, "DELETE FROM hidden_movies WHERE movie_id IN (%s)", other)
		}
		if err != nil {
			return err
		}
		if err := tellNoted(ctx, tx, kind, other, at, note); err != nil || !hidden || note == "" {
			return err
		}
		return renote(ctx, tx, texts, at, note)
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

func hide(ctx context.Context, tx *sqlx.Tx, ids []string, at time.Time, note string) error {
	b := newBulk(tx, "hidden_movies", []string{"movie_id", "at", "note"}, "")
	defer b.close()
	for _, id := range ids {
		if err := b.add(ctx, id, at.UnixMicro(), note); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// renote changes the notes of hidden movies that have another, and tells of it.
func renote(ctx context.Context, tx *sqlx.Tx, ids []string, at time.Time, note string) error {
	var stale []string
	held, err := readHidden(ctx, tx)
	if err != nil {
		return err
	}
	notes := make(map[string]string, len(held))
	for _, h := range held {
		notes[string(h.Movie)] = h.Note
	}
	for _, id := range ids {
		if notes[id] != note {
			stale = append(stale, id)
		}
	}
	for _, id := range stale {
		if _, err := tx.ExecContext(ctx, tx.Rebind("UPDATE hidden_movies SET note = ? WHERE movie_id = ?"), note, id); err != nil {
			return err
		}
	}
	return tellNoted(ctx, tx, catalog.ChangeHide, stale, at, note)
}

// tellNoted tells of a change of each movie with a note.
func tellNoted(ctx context.Context, tx *sqlx.Tx, kind catalog.ChangeKind, ids []string, at time.Time, note string) error {
	var detail json.RawMessage
	if note != "" {
		var err error
		if detail, err = json.Marshal(map[string]string{"note": note}); err != nil {
			return err
		}
	}
	changes := make([]catalog.Change, len(ids))
	for i, id := range ids {
		changes[i] = catalog.Change{At: at, Kind: kind, Subject: id, Detail: detail}
	}
	_, err := addChanges(ctx, tx, changes)
	return err
}

// Hidden returns the movies that are not to be listed, by ascending id, bytewise.
func (s *Store) Hidden(ctx context.Context) ([]catalog.Hidden, error) {
	const op = "read hidden movies"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	hidden, err := readHidden(ctx, s.reader)
	return hidden, s.fault(ctx, op, err)
}

func readHidden(ctx context.Context, q queryer) ([]catalog.Hidden, error) {
	var hidden []catalog.Hidden
	err := each(ctx, q, func(rows *sqlx.Rows) error {
		var h catalog.Hidden
		var at int64
		if err := rows.Scan(&h.Movie, &at, &h.Note); err != nil {
			return err
		}
		h.At = time.UnixMicro(at).UTC()
		hidden = append(hidden, h)
		return nil
	}, "SELECT movie_id, at, note FROM hidden_movies ORDER BY movie_id")
	if err != nil {
		return nil, err
	}
	return hidden, nil
}

// legalMovies returns ids, each once and in their order, as texts.
func legalMovies(ids []catalog.MovieID) ([]string, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		if _, err := catalog.ParseMovieID(string(id)); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
		texts[i] = string(id)
	}
	return without(texts, nil), nil
}

func checkNote(note string) error {
	if note == "" {
		return nil
	}
	return checkText("note", note, MaxNoteBytes)
}
