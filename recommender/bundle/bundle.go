package bundle

import (
	"bytes"
	"fmt"
	"io"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
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
}

// Snapshot returns what lists are made from.
func (b *Bundle) Snapshot() (*rank.Snapshot, error) {
	snap, err := rank.NewSnapshot(b.Movies, b.Table, b.Stats, b.Manifest.Scale, b.Manifest.Ranking)
	if err != nil || len(b.Models) == 0 {
		return snap, err
	}
	return snap.WithArms(rank.Arms{Models: b.Models, Default: b.Manifest.Arm})
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

// The names of the files of a bundle.
const (
	fileMovies     = "movies.bin"
	fileFacts      = "facts.bin"
	fileVectors    = "vectors.bin"
	fileNeighbours = "neighbours.bin"
	fileStats      = "stats.bin"
	fileHistories  = "histories.bin"
	fileIndex      = "index.bin"
	fileEmbedder   = "embedder.bin"
	fileManifest   = "manifest.json"
)

// A content is one file to be written.
type content struct {
	name string
	data func() ([]byte, error)
}

// contents returns the files of b in the order in which they are written.
func (b *Bundle) contents() []content {
	list := []content{
		{fileMovies, func() ([]byte, error) { return encodeMovies(b.Movies), nil }},
		{fileFacts, func() ([]byte, error) { return encodeFacts(b.Movies), nil }},
		{fileVectors, func() ([]byte, error) {
			e := column.Encoder{Data: make([]byte, 0, 8+4*len(b.Vectors))}
			e.Float32s(b.Vectors)
			return e.Data, nil
		}},
		{fileNeighbours, func() ([]byte, error) { return written(b.Table) }},
		{fileStats, func() ([]byte, error) { return encodeStats(b.Stats), nil }},
		{fileHistories, func() ([]byte, error) { return b.Histories.encode(), nil }},
	}
	if ix, ok := b.Index.(io.WriterTo); ok {
		list = append(list, content{fileIndex, func() ([]byte, error) { return written(ix) }})
	}
	if b.Fitted != nil {
		list = append(list, content{fileEmbedder, func() ([]byte, error) { return b.Fitted, nil }})
	}
	for i, m := range b.Models {
		list = append(list, content{b.Manifest.Models[i].file(), func() ([]byte, error) { return written(m.Model) }})
	}
	for _, m := range b.Manifest.Models {
		if m.Lists {
			list = append(list, content{m.lists(), func() ([]byte, error) { return b.Lists[m.Name].Encode(), nil }})
		}
	}
	return list
}

// file returns the name of the file of a model.
func (m Model) file() string { return "model-" + m.Name + ".bin" }

// lists returns the name of the file of the lists that were made with a model.
func (m Model) lists() string { return listsPrefix + m.Name + ".bin" }

const listsPrefix = "lists-"

// checkModels returns an error that wraps [catalog.ErrInvalid] unless models and
// lists are those that the manifest names.
func (b *Bundle) checkModels() error {
	if err := b.Manifest.checkModels(); err != nil {
		return fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	if len(b.Models) != len(b.Manifest.Models) {
		return fmt.Errorf("%d models, the manifest names %d: %w", len(b.Models), len(b.Manifest.Models), catalog.ErrInvalid)
	}
	lists := 0
	for i, m := range b.Manifest.Models {
		if b.Models[i].Name != m.Name {
			return fmt.Errorf("model %d is %q, the manifest names %q: %w", i+1, b.Models[i].Name, m.Name, catalog.ErrInvalid)
		}
		if m.Lists != (b.Lists[m.Name] != nil) {
			return fmt.Errorf("lists of model %s: the manifest says %v and the bundle %v: %w", m.Name, m.Lists, !m.Lists, catalog.ErrInvalid)
		}
		if m.Lists {
			lists++
		}
	}
	if lists != len(b.Lists) {
		return fmt.Errorf("lists of %d models, the manifest names %d: %w", len(b.Lists), lists, catalog.ErrInvalid)
	}
	if err := (rank.Arms{Models: b.Models}).Check(b.Manifest.Arm); err != nil {
		return fmt.Errorf("default arm: %w: %w", err, catalog.ErrInvalid)
	}
	return nil
}

// readLists reads the lists that the manifest names.
func (b *Bundle) readLists(files map[string][]byte) error {
	for _, m := range b.Manifest.Models {
		if !m.Lists {
			continue
		}
		t, err := precomputed.Decode(files[m.lists()], b.Movies.Len())
		if err != nil {
			return fmt.Errorf("%s: %w: %w", m.lists(), err, ErrBroken)
		}
		if b.Lists == nil {
			b.Lists = make(map[string]*precomputed.Table)
		}
		b.Lists[m.Name] = t
	}
	return nil
}

// readModels reads the models of the manifest, in its order.
func (b *Bundle) readModels(files map[string][]byte, open Opener) error {
	for _, m := range b.Manifest.Models {
		kind, err := open.kind(m.Kind)
		if err != nil {
			return fmt.Errorf("model %s: %w", m.Name, err)
		}
		stored, ok := files[m.file()]
		if !ok {
			return fmt.Errorf("model %s: the bundle has no %s: %w", m.Name, m.file(), ErrBroken)
		}
		trained, err := kind.Read(stored, b.Base(b.Models))
		if err != nil {
			return fmt.Errorf("%s: %w: %w", m.file(), err, ErrBroken)
		}
		if trained.Len() != b.Movies.Len() {
			return fmt.Errorf("%s: scores %d movies, want %d: %w", m.file(), trained.Len(), b.Movies.Len(), ErrBroken)
		}
		b.Models = append(b.Models, model.Named{Name: m.Name, Model: trained})
	}
	return nil
}

func written(w io.WriterTo) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := w.WriteTo(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// decode makes the bundle of a manifest from its files, which have been checked
// against it.
func decode(m Manifest, files map[string][]byte, open Opener) (*Bundle, error) {
	b := &Bundle{Manifest: m, Fitted: files[fileEmbedder]}
	var err error
	if b.Movies, err = decodeMovies(files[fileMovies]); err != nil {
		return nil, fmt.Errorf("%s: %w", fileMovies, err)
	}
	n := b.Movies.Len()
	if facts, ok := files[fileFacts]; ok { // since format 3
		if err := decodeFacts(facts, b.Movies); err != nil {
			return nil, fmt.Errorf("%s: %w", fileFacts, err)
		}
	}
	d := column.NewDecoder(files[fileVectors])
	b.Vectors = d.Float32s()
	if err := finish(d); err != nil {
		return nil, fmt.Errorf("%s: %w", fileVectors, err)
	}
	if m.Embedder.Dims < 1 || len(b.Vectors) != n*m.Embedder.Dims {
		return nil, fmt.Errorf("%s: %d values, want %d movies x %d: %w", fileVectors, len(b.Vectors), n, m.Embedder.Dims, ErrBroken)
	}
	if b.Table, err = indexer.ReadTable(bytes.NewReader(files[fileNeighbours])); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", fileNeighbours, err, ErrBroken)
	}
	if b.Table.Rows() != n {
		return nil, fmt.Errorf("%s: %d rows, want %d: %w", fileNeighbours, b.Table.Rows(), n, ErrBroken)
	}
	if b.Stats, err = decodeStats(files[fileStats], n); err != nil {
		return nil, fmt.Errorf("%s: %w", fileStats, err)
	}
	b.Stats.Prior = m.Prior
	if b.Histories, err = decodeHistories(files[fileHistories], n); err != nil {
		return nil, fmt.Errorf("%s: %w", fileHistories, err)
	}
	if b.Index, err = open.Index(m.Index.Kind, b.Vectors, m.Embedder.Dims, files[fileIndex]); err != nil {
		return nil, fmt.Errorf("index %s: %w: %w", m.Index.Kind, err, ErrBroken)
	}
	if b.Index.Len() != n || b.Index.Dims() != m.Embedder.Dims {
		return nil, fmt.Errorf("index %s: %d x %d, want %d x %d: %w", m.Index.Kind, b.Index.Len(), b.Index.Dims(), n, m.Embedder.Dims, ErrBroken)
	}
	b.Histories.Scale = m.Scale
	if err := m.checkModels(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrBroken)
	}
	if err := b.readLists(files); err != nil {
		return nil, err
	}
	return b, b.readModels(files, open)
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
