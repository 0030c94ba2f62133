package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/vec"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// ErrLost reports a list that cannot be made again, because something of what it was
// made from is gone.
var ErrLost = errors.New("it cannot be made again")

// A Store is what a replay reads.
type Store interface {
	ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error)
	MovieAt(ctx context.Context, id catalog.MovieID, seq int64) (catalog.Movie, error)
}

// An Embed returns the vectors of texts in the space of the bundle, [len(texts) x dims].
type Embed func(ctx context.Context, texts []string) ([]float32, error)

// changePage is how many changes one read returns at most.
const changePage = 1000

// Changes returns the changes after the bundle up to seq. If some were removed with age
// the error wraps [ErrLost].
func Changes(ctx context.Context, store Store, after, seq int64) ([]catalog.Change, error) {
	var all []catalog.Change
	for at := after; at < seq; {
		page, err := store.ChangesSince(ctx, at, changePage)
		if err != nil {
			return nil, fmt.Errorf("read changes after %d: %w", at, err)
		}
		if len(page) == 0 || page[0].Seq != at+1 { // numbers have no gaps but where changes were removed
			return nil, fmt.Errorf("changes from %d on were removed from the log: %w", at+1, ErrLost)
		}
		for _, c := range page {
			if at = c.Seq; at <= seq {
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// StateAt returns what b's servers answered from when they had laid on every change up
// to seq. Errors wrap [ErrLost] if the store no longer knows.
func StateAt(ctx context.Context, b *bundle.Bundle, store Store, seq int64, embed Embed) (*overlay.State, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	changes, err := Changes(ctx, store, b.Manifest.Sequence, seq)
	if err != nil {
		return nil, err
	}
	then := editorial(b.Hidden, b.Corrections)
	var movies []catalog.MovieID // in the order of their first changes, which is that of their rows
	for _, c := range changes {
		if c.Kind == catalog.ChangeMovie && !slices.Contains(movies, catalog.MovieID(c.Subject)) {
			movies = append(movies, catalog.MovieID(c.Subject))
		}
		if err := then.apply(c); err != nil {
			return nil, err
		}
	}
	if state, err = layMovies(ctx, state, b.Manifest.Embedder.Dims, store, seq, movies, embed); err != nil {
		return nil, err
	}
	if state, err = state.Hide(then.ids()); err != nil {
		return nil, err
	}
	return state.Correct(then.all())
}

// layMovies lays movies on state as they were after change seq.
func layMovies(ctx context.Context, state *overlay.State, dims int, store Store, seq int64, ids []catalog.MovieID, embed Embed) (*overlay.State, error) {
	var added []overlay.Added
	var texts []string
	var gone []catalog.MovieID
	for _, id := range ids {
		m, err := store.MovieAt(ctx, id, seq)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			gone = append(gone, id)
		case err != nil:
			return nil, fmt.Errorf("movie %q after change %d: %w", id, seq, err)
		default:
			added = append(added, overlay.Added{Movie: m})
			texts = append(texts, embedder.Document(m))
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

// A word is the hidden movies and the corrections at one moment.
type word struct {
	hidden      map[catalog.MovieID]bool
	corrections map[[2]catalog.MovieID]catalog.Correction
}

func editorial(hidden []catalog.MovieID, corrections []catalog.Correction) word {
	w := word{make(map[catalog.MovieID]bool), make(map[[2]catalog.MovieID]catalog.Correction)}
	for _, id := range hidden {
		w.hidden[id] = true
	}
	for _, c := range corrections {
		w.corrections[[2]catalog.MovieID{c.Movie, c.Other}] = c
	}
	return w
}

// apply takes in one change.
func (w word) apply(c catalog.Change) error {
	switch c.Kind {
	case catalog.ChangeHide:
		w.hidden[catalog.MovieID(c.Subject)] = true
	case catalog.ChangeUnhide:
		delete(w.hidden, catalog.MovieID(c.Subject))
	case catalog.ChangeCorrect:
		var x catalog.Correction
		if err := json.Unmarshal(c.Detail, &x); err != nil {
			return fmt.Errorf("change %d does not say what was corrected: %w", c.Seq, ErrLost)
		}
		pair := [2]catalog.MovieID{x.Movie, x.Other}
		if x.Kind == "" {
			delete(w.corrections, pair)
		} else {
			w.corrections[pair] = x
		}
	}
	return nil
}

func (w word) ids() []catalog.MovieID {
	ids := make([]catalog.MovieID, 0, len(w.hidden))
	for id := range w.hidden {
		ids = append(ids, id)
	}
	return ids
}

func (w word) all() []catalog.Correction {
	all := make([]catalog.Correction, 0, len(w.corrections))
	for _, c := range w.corrections {
		all = append(all, c)
	}
	return all
}

// Replay makes the list anew from a state, on the kernel path of the input. A path
// that this machine lacks, or neighbours that came from outside of the process, are
// errors that wrap [ErrLost].
func Replay(s *overlay.State, in Input, arm string) (rank.List, error) {
	if in.Elsewhere {
		return rank.List{}, fmt.Errorf("its neighbours came from an index outside of the process: %w", ErrLost)
	}
	if in.Kernel != "" && in.Kernel != vec.Path() {
		if err := vec.Use(in.Kernel); err != nil {
			return rank.List{}, fmt.Errorf("%w: %w", err, ErrLost)
		}
	}
	return s.Snapshot.Recommend(rank.Request{Taste: in.Taste(), User: in.User, Arm: arm, N: in.N, Now: in.Now, Adult: in.Adult}), nil
}

// Same reports whether list is the one that was served, and if not, where the first
// difference is: another movie, or another bit of a score.
func Same(s *overlay.State, list rank.List, served catalog.Exposure, in Input) error {
	if len(list.Items) != len(served.Movies) {
		return fmt.Errorf("%d movies, %d were served", len(list.Items), len(served.Movies))
	}
	for i, item := range list.Items {
		if id := s.Snapshot.Movies.IDs[item.Row]; id != served.Movies[i].Movie {
			return fmt.Errorf("movie %d is %s, served was %s", i+1, id, served.Movies[i].Movie)
		}
		if i < len(in.Scores) && math.Float32bits(item.Score) != math.Float32bits(in.Scores[i]) {
			return fmt.Errorf("movie %d scores %v, served was %v", i+1, item.Score, in.Scores[i])
		}
	}
	return nil
}
