package trace

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"marquee/catalog"
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

// Changes returns the changes after the bundle up to seq, all of them. If some were
// removed with age the error wraps [ErrLost].
func Changes(ctx context.Context, store Store, after, seq int64) ([]catalog.Change, error) {
	var all []catalog.Change
	for at := after; at < seq; {
		page, err := store.ChangesSince(ctx, at, changePage)
		if err != nil {
			return nil, fmt.Errorf("read changes after %d: %w", at, err)
		}
		if len(page) == 0 {
			return nil, fmt.Errorf("changes from %d on are not in the log: %w", at+1, ErrLost)
		}
		for _, c := range page {
			if at++; c.Seq != at { // numbers have no gaps but where changes were removed, and some kinds stay for ever
				return nil, fmt.Errorf("changes from %d on were removed from the log: %w", at, ErrLost)
			}
			if at <= seq {
				all = append(all, c)
			}
		}
	}
	return all, nil
}

// StateAt returns what made the list that was served, of in and from b: what b's servers
// answered from when they had laid on every change up to served.Sequence. Errors wrap
// [ErrLost] if the store no longer knows, or if the list was served in a moment in
// which a server had laid on some changes and not others; then there may be a state all
// the same, in which only the rows of b are surely what they were.
func StateAt(ctx context.Context, b *bundle.Bundle, store Store, served catalog.Exposure, in Input, embed Embed) (*overlay.State, error) {
	if interleaved(served) {
		return nil, fmt.Errorf("it was interleaved from the lists of two arms: %w", ErrLost)
	}
	if slices.ContainsFunc(served.Movies, func(m catalog.Exposed) bool { return m.Source == rank.SourcePreferences }) {
		return nil, fmt.Errorf("it was made from what the person wrote of their taste, which is not kept with lists: %w", ErrLost)
	}
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	changes, err := Changes(ctx, store, b.Manifest.Sequence, served.Sequence)
	if err != nil {
		return nil, err
	}
	then := editorial(b.Hidden, b.Corrections)
	for _, c := range changes {
		if err := then.apply(c); err != nil {
			return nil, err
		}
	}
	moved, err := movesOf(ctx, store, changes, served.Sequence, state.Snapshot.Movies)
	if err != nil {
		return nil, err
	}
	if state, err = moved.lay(ctx, state, b.Manifest.Embedder.Dims, in.Rows, embed); err != nil {
		return nil, err
	}
	return fit(ctx, state, then, store, served, in)
}

// interleaved reports whether two arms took turns in a list: sources name them then.
func interleaved(served catalog.Exposure) bool {
	return slices.ContainsFunc(served.Movies, func(m catalog.Exposed) bool { return strings.Contains(m.Source, "@") })
}

// fit returns state with what editors said, by the changes up to served.Sequence or, as
// that waits for nothing, by some that came later, until it is what in tells of.
func fit(ctx context.Context, state *overlay.State, then word, store Store, served catalog.Exposure, in Input) (*overlay.State, error) {
	first, err := then.on(state)
	if err != nil || in.Rows == 0 || in.matches(first) {
		return first, err
	}
	later, err := store.ChangesSince(ctx, served.Sequence, changePage)
	if err != nil {
		return nil, fmt.Errorf("read changes after %d: %w", served.Sequence, err)
	}
	for i, c := range later {
		if c.Seq != served.Sequence+int64(i)+1 || c.At.After(served.At) {
			break
		}
		if !ofEditors(c) {
			continue
		}
		if err := then.apply(c); err != nil {
			break
		}
		next, err := then.on(state)
		if err != nil {
			return nil, err
		}
		if in.matches(next) {
			return next, nil
		}
	}
	return first, fmt.Errorf("the list was served while changes waited, or by a server that left some out: %w", ErrLost)
}

// matches reports whether s is what made the list.
func (i Input) matches(s *overlay.State) bool {
	return i.Rows == s.Snapshot.Movies.Len() && i.Fingerprint == s.Fingerprint()
}

// Replay makes the list anew from a state, on the kernel path of the input, which is to
// be in use already where bundle and state were made: [Use]. A path that this machine
// lacks, neighbours that came from outside of the process, and a history with movies
// that s does not have are errors that wrap [ErrLost].
func Replay(s *overlay.State, in Input, arm string) (rank.List, error) {
	if in.Elsewhere {
		return rank.List{}, fmt.Errorf("its neighbours came from an index outside of the process: %w", ErrLost)
	}
	if n := in.Unknowns(s); n > 0 {
		return rank.List{}, fmt.Errorf("%d movies of the history came and left, and are not known any more: %w", n, ErrLost)
	}
	restore, err := Use(in.Kernel)
	if err != nil {
		return rank.List{}, err
	}
	defer restore()
	return s.Snapshot.Recommend(in.Request(arm)), nil
}

// Request returns what was asked of the state. arm is for inputs that do not tell theirs.
func (i Input) Request(arm string) rank.Request {
	if i.Arm != "" {
		arm = i.Arm
	}
	return rank.Request{
		Taste: i.Taste(), User: i.User, Arm: arm, N: i.N, Now: i.Now, Adult: i.Adult,
		Knobs: i.Knobs, Seed: i.Seed, Opinions: i.Opinions, Shown: i.Shown,
	}
}

// Use makes kernel the path of the vector kernels, "" that of now, and returns what
// makes the path of now that again. Vectors, neighbours and scores of another path have
// other last bits, so all that goes into a replay is to be made on one. A path that
// this machine lacks is an error that wraps [ErrLost]; restore is never nil.
func Use(kernel string) (restore func(), err error) {
	before := vec.Path()
	if kernel == "" || kernel == before {
		return func() {}, nil
	}
	if err := vec.Use(kernel); err != nil {
		return func() {}, fmt.Errorf("%w: %w", err, ErrLost)
	}
	return func() { _ = vec.Use(before) }, nil // it was in use, so it can be
}

// Unknowns returns how many movies of the history are in no row of s.
func (i Input) Unknowns(s *overlay.State) int {
	n := 0
	for _, w := range i.Watched {
		if int64(w.Row) >= int64(s.Snapshot.Movies.Len()) {
			n++
		}
	}
	for _, x := range i.Seen {
		if int64(x.Movie) >= int64(s.Snapshot.Movies.Len()) {
			n++
		}
	}
	for _, rows := range [][]uint32{i.Opinions.Liked, i.Opinions.Disliked, i.Opinions.Dismissed} {
		for _, row := range rows {
			if int64(row) >= int64(s.Snapshot.Movies.Len()) {
				n++
			}
		}
	}
	return n
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
