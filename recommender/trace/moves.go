package trace

import (
	"context"
	"errors"
	"fmt"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A move is what became of one movie by a change of the log.
type move struct {
	movie  catalog.Movie // as it was, last of all before it left
	left   bool          // it was there no more
	passed bool          // it came after the bundle and left again
}

// moves are those of a log, in the order of the movies' first changes, which is that in
// which servers gave them rows.
type moves []move

// movesOf returns what became of the movies of changes by change seq. movies are those
// of the bundle.
func movesOf(ctx context.Context, store Store, changes []catalog.Change, seq int64, movies *rank.Movies) (moves, error) {
	var order []catalog.MovieID
	of := make(map[catalog.MovieID][]int64)
	for _, c := range changes {
		if c.Kind != catalog.ChangeMovie {
			continue
		}
		id := catalog.MovieID(c.Subject)
		if of[id] == nil {
			order = append(order, id)
		}
		of[id] = append(of[id], c.Seq)
	}
	all := make(moves, 0, len(order))
	for _, id := range order {
		_, built := movies.Row(id)
		m, known, err := moveOf(ctx, store, id, of[id], seq, built)
		if err != nil {
			return nil, err
		}
		if known {
			all = append(all, m)
		}
	}
	return all, nil
}

// moveOf returns what became of one movie, if anything is known of it. changes are the
// numbers of its own.
func moveOf(ctx context.Context, store Store, id catalog.MovieID, changes []int64, seq int64, built bool) (m move, known bool, err error) {
	m.movie, known, err = at(ctx, store, id, seq)
	if known || err != nil {
		return m, known, err
	}
	m.left = true
	if built {
		m.movie.ID = id
		return m, true, nil
	}
	m.passed = true
	for i := len(changes) - 1; i >= 0 && !known && err == nil; i-- {
		m.movie, known, err = at(ctx, store, id, changes[i]-1)
	}
	return m, known, err
}

// at returns a movie as it was after change seq, if it was there.
func at(ctx context.Context, store Store, id catalog.MovieID, seq int64) (catalog.Movie, bool, error) {
	m, err := store.MovieAt(ctx, id, seq)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return catalog.Movie{}, false, nil
	case err != nil:
		return catalog.Movie{}, false, fmt.Errorf("movie %q after change %d: %w", id, seq, err)
	}
	return m, true, nil
}

// lay lays all on state. Movies that came and left have their rows on servers that were
// there at the time, and none on those that were not, of which the number of rows, 0 if
// it is not known, tells.
func (all moves) lay(ctx context.Context, state *overlay.State, dims, rows int, embed Embed) (*overlay.State, error) {
	there := state.Snapshot.Movies.Len()
	for _, m := range all {
		if _, built := state.Snapshot.Movies.Row(m.movie.ID); !built && !m.passed {
			there++
		}
	}
	var added []overlay.Added
	var texts []string
	var gone []catalog.MovieID
	for _, m := range all {
		if m.passed && rows == there {
			continue
		}
		if m.left {
			gone = append(gone, m.movie.ID)
		}
		if !m.left || m.passed {
			added = append(added, overlay.Added{Movie: m.movie})
			texts = append(texts, embedder.Document(m.movie))
		}
	}
	if len(added) > 0 {
		vecs, err := embed(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i := range added {
			added[i].Vector = vecs[i*dims : (i+1)*dims : (i+1)*dims]
		}
		if state, err = state.With(ctx, added); err != nil {
			return nil, err
		}
	}
	return state.Without(ctx, gone)
}
