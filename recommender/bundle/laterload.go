package bundle

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A laid is what a patched bundle is made of, so that it can be written as it was:
// the build, as its files have it, and what was laid over it.
type laid struct {
	build   *Bundle       // its Models are those whose files know no more movies than it has
	models  []model.Named // what became of each of them
	changes changes
	counts  Later
	state   *overlay.State // of build and changes, without what editors say

	movies *rank.Movies // what became of the build's, which must not be changed
	table  *indexer.Table
	stats  *rank.Stats
}

// lay lays what came later over build, and reads the models.
func (l *loader) lay(ctx context.Context, build *Bundle) (*Bundle, error) {
	counts := *l.manifest.Later
	if err := l.readBuilt(build, counts.Rows); err != nil {
		return nil, err
	}
	state, err := l.state(ctx, build)
	if err != nil {
		return nil, err
	}
	snap := state.Snapshot
	if snap.Movies.Len() != counts.Rows {
		return nil, fmt.Errorf("%s: makes it %d movies, want %d: %w", fileLater, snap.Movies.Len(), counts.Rows, ErrBroken)
	}
	b := *build
	b.Movies, b.Table, b.Stats, b.Index = l.documented(snap.Movies), snap.Table, snap.Stats, state.Index
	b.Vectors = l.flat(build, state)
	b.laid = &laid{
		build: build, models: snap.Arms.Models, changes: l.changes, counts: counts, state: state,
		movies: b.Movies, table: b.Table, stats: b.Stats,
	}
	b.Models = nil
	if l.open.NoModels {
		return &b, nil
	}
	done := make(map[string]model.Model, len(snap.Arms.Models))
	for _, m := range snap.Arms.Models {
		done[m.Name] = m.Model
	}
	return &b, l.readModels(&b, done)
}

// readBuilt reads lists, which name at most so many rows, and those models whose
// files know no more movies than build, into build. Other models were made for
// the bundle as it was patched before.
func (l *loader) readBuilt(build *Bundle, rows int) error {
	if l.open.NoModels {
		return nil
	}
	if err := l.readLists(build, rows); err != nil {
		return err
	}
	for _, m := range build.Manifest.Models {
		if cmp.Or(m.Rows, rows) > build.Movies.Len() {
			continue
		}
		trained, err := l.readModel(m, build)
		if err != nil {
			return err
		}
		build.Models = append(build.Models, model.Named{Name: m.Name, Model: trained})
	}
	return nil
}

// state lays what came later over build.
func (l *loader) state(ctx context.Context, build *Bundle) (*overlay.State, error) {
	snap, err := build.plain(build.Models, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrBroken)
	}
	state, err := overlay.New(snap, build.Vectors, l.manifest.Embedder.Dims, build.Index)
	if err == nil {
		state, err = state.With(ctx, l.changes.overlay())
	}
	if err == nil {
		state, err = state.Without(ctx, l.changes.removed)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %w", fileLater, err, ErrBroken)
	}
	return state, nil
}

// overlay returns what was added as a state takes it.
func (l changes) overlay() []overlay.Added {
	added := make([]overlay.Added, len(l.added))
	for i, a := range l.added {
		added[i] = overlay.Added{Movie: a.movie, Vector: a.vector}
	}
	return added
}

// flat returns the vectors of all rows. Those of the build are copied only if one of
// them is another by now.
func (l *loader) flat(build *Bundle, state *overlay.State) []float32 {
	dims := l.manifest.Embedder.Dims
	n := build.Movies.Len()
	moved := func(row int) bool { return &state.Vector(uint32(row))[0] != &build.Vectors[row*dims] }
	out := l.vectors
	for row := range n {
		if moved(row) {
			out = append(make([]float32, 0, cap(l.vectors)), build.Vectors...)
			break
		}
	}
	for row := range n {
		if moved(row) {
			copy(out[row*dims:], state.Vector(uint32(row)))
		}
	}
	for row := n; row < state.Snapshot.Movies.Len(); row++ {
		out = append(out, state.Vector(uint32(row))...)
	}
	return out
}

// documented returns movies with the documents of those that came later: a bundle
// keeps no whole movie, only what its document was.
func (l *loader) documented(movies *rank.Movies) *rank.Movies {
	if movies.Documents == nil || len(l.changes.added) == 0 {
		return movies
	}
	next := *movies
	next.Documents = slices.Clone(movies.Documents)
	for _, a := range l.changes.added {
		if row, known := movies.Row(a.movie.ID); known {
			next.Documents[row] = a.document
		}
	}
	return &next
}

// started returns the state of a patched bundle as it was made of its build, so that
// what comes later is laid over the same; ok is false if b is no such bundle any more.
// snap is that of b.
func (b *Bundle) started(snap *rank.Snapshot) (s *overlay.State, ok bool, err error) {
	if b.laid == nil || !b.isAsLaid() {
		return nil, false, nil
	}
	var built []model.Named
	stored := b.stored()
	for i, m := range b.Models {
		if stored[i].Len() == b.laid.build.Movies.Len() {
			built = append(built, model.Named{Name: m.Name, Model: stored[i]})
		}
	}
	s, err = b.laid.state.As(snap, built, b.Index)
	return s, err == nil, err
}

// unchanged returns an error that wraps [catalog.ErrInvalid] unless the parts of b can
// be written: those of a patched bundle only as they were read, others only without
// movies that left.
func (b *Bundle) unchanged() error {
	l := b.laid
	switch {
	case l == nil && slices.Contains(b.Movies.Gone, true):
		return fmt.Errorf("movies left the bundle since it was built; lay them over it by PutPatch: %w", catalog.ErrInvalid)
	case l != nil && (b.Movies != l.movies || b.Table != l.table || b.Stats != l.stats):
		return fmt.Errorf("movies, neighbours or statistics of a bundle with a patch are not those it was read with: %w", catalog.ErrInvalid)
	}
	return nil
}

// isAsLaid reports whether b holds still what was laid over its build.
func (b *Bundle) isAsLaid() bool { return b.unchanged() == nil }
