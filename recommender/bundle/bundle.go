package bundle

import (
	"fmt"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A Bundle is a build in memory. Nothing writes to it once it is made.
type Bundle struct {
	Manifest  Manifest
	Movies    *rank.Movies
	Vectors   []float32 // [Movies.Len() x Manifest.Embedder.Dims], row-major
	Table     *indexer.Table
	Stats     *rank.Stats
	Histories *Histories
	Index     indexer.Index
	Fitted    []byte                        // a fitted embedder's parameters, as it wrote them; nil for other embedders
	Models    []model.Named                 // as Manifest.Models names them
	Lists     map[string]*precomputed.Table // precomputed, by the name of the model they were made with

	// What editors said at the time of the build. Movies need not be among Movies.
	Hidden      []catalog.MovieID    // not to be listed
	Corrections []catalog.Correction // of neighbours; not in Table

	laid *laid // what a patched bundle is made of; nil for a whole one
}

// State returns what lists are made from and searches ask, with hidden movies and
// corrections, as what later changes can be laid over. What is laid over a patched bundle
// is laid over its build, as if it had come with the patch. It takes O(movies).
func (b *Bundle) State() (*overlay.State, error) {
	snap, err := b.plain(b.Models, b.Manifest.Arm)
	if err != nil {
		return nil, err
	}
	state, ok, err := b.started(snap)
	if err == nil && !ok {
		state, err = overlay.New(snap, b.Vectors, b.Manifest.Embedder.Dims, b.Index)
	}
	if err != nil {
		return nil, err
	}
	if state, err = state.Hide(b.Hidden); err != nil {
		return nil, fmt.Errorf("hidden movies: %w", err)
	}
	if state, err = state.Correct(b.Corrections); err != nil {
		return nil, fmt.Errorf("corrections: %w", err)
	}
	return state, nil
}

// Snapshot returns what lists are made from: that of [Bundle.State].
func (b *Bundle) Snapshot() (*rank.Snapshot, error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	return state.Snapshot, nil
}

// plain returns the snapshot of b with models as its arms, without what editors said.
func (b *Bundle) plain(models []model.Named, arm string) (*rank.Snapshot, error) {
	snap, err := rank.NewSnapshot(b.Movies, b.Table, b.Stats, b.Manifest.Scale, b.Manifest.Ranking)
	if err != nil || len(models) == 0 {
		return snap, err
	}
	return snap.WithArms(rank.Arms{Models: models, Default: arm})
}

// Base returns what b holds for models. models are those that were read so far.
func (b *Bundle) Base(models []model.Named) *model.Base {
	lists := make(map[string]model.Lists, len(b.Lists))
	for name, t := range b.Lists {
		lists[name] = t
	}
	return &model.Base{
		Scale: b.Manifest.Scale, Movies: b.Movies.Len(), Vectors: b.Vectors, Dims: b.Manifest.Embedder.Dims,
		Table: b.Table, Histories: b.Histories.OfModels(), Models: models, Lists: lists,
	}
}

// Vector returns the vector of a row, [Manifest.Embedder.Dims].
func (b *Bundle) Vector(row uint32) []float32 {
	d := b.Manifest.Embedder.Dims
	return b.Vectors[int(row)*d : (int(row)+1)*d : (int(row)+1)*d]
}

// An OpenIndex makes the index of a loaded bundle. stored is what the backend
// wrote, nil if it wrote nothing.
type OpenIndex func(kind string, vecs []float32, dims int, stored []byte) (indexer.Index, error)

// An Opener reads the parts of which there are several kinds.
type Opener struct {
	Index OpenIndex
	Kinds []model.Kind // of models

	// NoModels leaves models and lists out: they are neither read nor checked, and
	// the bundle has none, whatever its manifest names. It is for who searches, or
	// looks for what has changed.
	NoModels bool
}

// kind returns the kind of a model.
func (o Opener) kind(name string) (model.Kind, error) {
	for _, k := range o.Kinds {
		if k.Name == name {
			return k, nil
		}
	}
	return model.Kind{}, fmt.Errorf("kind %q is not known to this program: %w", name, ErrBroken)
}

func encodeMovies(m *rank.Movies) []byte {
	var e column.Encoder
	column.EncodeStrings(&e, m.IDs)
	column.EncodeStrings(&e, m.Titles)
	e.Uint16s(m.Years)
	e.Int32s(m.Released)
	e.Bools(m.Adult)
	return e.Data
}

func decodeMovies(data []byte) (*rank.Movies, error) {
	d := column.NewDecoder(data)
	m := &rank.Movies{
		IDs:      column.DecodeStrings[catalog.MovieID](d),
		Titles:   column.DecodeStrings[string](d),
		Years:    d.Uint16s(),
		Released: d.Int32s(),
		Adult:    d.Bools(),
	}
	if err := finish(d); err != nil {
		return nil, err
	}
	if err := m.Index(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrBroken)
	}
	return m, nil
}

func encodeStats(s *rank.Stats) []byte {
	var e column.Encoder
	e.Float32s(s.Quality)
	e.Float32s(s.Popularity)
	e.Uint32s(s.Watchers)
	return e.Data
}

func decodeStats(data []byte, movies int) (*rank.Stats, error) {
	d := column.NewDecoder(data)
	s := &rank.Stats{Quality: d.Float32s(), Popularity: d.Float32s(), Watchers: d.Uint32s()}
	if err := finish(d); err != nil {
		return nil, err
	}
	if len(s.Quality) != movies || len(s.Popularity) != movies || len(s.Watchers) != movies {
		return nil, fmt.Errorf("columns of %d, %d and %d values, want %d: %w", len(s.Quality), len(s.Popularity), len(s.Watchers), movies, ErrBroken)
	}
	s.Sort()
	return s, nil
}

// finish returns the error of d as that of a broken bundle.
func finish(d *column.Decoder) error {
	if err := d.Finish(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrBroken)
	}
	return nil
}
