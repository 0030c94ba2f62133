package bundle

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"marquee/indexer"
	"marquee/recommender/rank"
)

// A loader reads the files of one bundle.
type loader struct {
	dir      string
	manifest Manifest
	open     Opener

	files   map[string]File
	changes changes   // of a patched bundle
	vectors []float32 // [movies of the build x dims], with room behind them for those that came later

	mu   sync.Mutex
	data map[string][]byte // of models and lists, by the name of the file
}

// keep keeps the content of a file of models.
func (l *loader) keep(name string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.data == nil {
		l.data = make(map[string][]byte)
	}
	l.data[name] = data
}

// load reads the bundle. Files are read at once, as many as there are processors.
func (l *loader) load(ctx context.Context) (*Bundle, error) {
	if err := l.look(); err != nil {
		return nil, err
	}
	b, err := l.build(ctx)
	if err != nil {
		return nil, err
	}
	if l.manifest.Later != nil {
		return l.lay(ctx, b)
	}
	if l.open.NoModels {
		return b, nil
	}
	if err := l.readLists(b, b.Movies.Len()); err != nil {
		return nil, err
	}
	return b, l.readModels(b, nil)
}

// look checks the manifest and reads what must be known before the rest.
func (l *loader) look() error {
	if err := l.manifest.checkModels(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrBroken)
	}
	if l.manifest.Embedder.Dims < 1 {
		return fmt.Errorf("manifest: vectors of %d dims: %w", l.manifest.Embedder.Dims, ErrBroken)
	}
	l.files = make(map[string]File, len(l.manifest.Files))
	for _, f := range l.manifest.Files {
		if _, twice := l.files[f.Name]; twice {
			return fmt.Errorf("%s is there twice: %w", f.Name, ErrBroken)
		}
		l.files[f.Name] = f
	}
	f, patched := l.files[fileLater]
	if patched != (l.manifest.Later != nil) {
		return fmt.Errorf("%s is there: %v, what came later is in the manifest: %v; want both or none: %w", fileLater, patched, !patched, ErrBroken)
	}
	if !patched {
		return nil
	}
	data, err := readChecked(l.dir, f)
	if err != nil {
		return err
	}
	if l.changes, err = decodeLater(data, l.manifest.Embedder.Dims); err != nil {
		return fmt.Errorf("%s: %w", fileLater, err)
	}
	return nil
}

// build reads what was built at once: all of a bundle but its models, and, of a
// patched one, without the patch.
func (l *loader) build(ctx context.Context) (*Bundle, error) {
	m := l.manifest
	b := &Bundle{Manifest: m}
	movies, err := l.movies()
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, part := range l.parts(b, movies) { // the longest first
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return part()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b.Stats.Prior, b.Histories.Scale = m.Prior, m.Scale
	return b, nil
}

// movies returns how many the build has, by the length of its vectors.
func (l *loader) movies() (int, error) {
	f, ok := l.files[fileVectors]
	each := 4 * int64(l.manifest.Embedder.Dims)
	if !ok || f.Bytes < 8 || (f.Bytes-8)%each != 0 {
		return 0, fmt.Errorf("%s: %d bytes, want 8 and %d a movie: %w", fileVectors, f.Bytes, each, ErrBroken)
	}
	return int((f.Bytes - 8) / each), nil
}

// parts returns what reads the files of a bundle of so many movies into b, each a
// field of its own.
func (l *loader) parts(b *Bundle, movies int) []func() error {
	known := movies // to people
	if later := l.manifest.Later; later != nil {
		known = max(known, later.Rows)
	}
	parts := []func() error{
		func() error { return l.readIndex(b) },
		func() (err error) { b.Table, err = l.readTable(movies); return err },
		func() (err error) { b.Movies, err = l.readMovies(movies); return err },
		func() (err error) {
			return l.read(fileHistories, func(data []byte) error { b.Histories, err = decodeHistories(data, known); return err })
		},
		func() (err error) {
			return l.read(fileStats, func(data []byte) error { b.Stats, err = decodeStats(data, movies); return err })
		},
	}
	for _, f := range l.manifest.Files {
		switch name := f.Name; {
		case name == fileEmbedder:
			parts = append(parts, func() error { return l.read(name, func(data []byte) error { b.Fitted = data; return nil }) })
		case name == fileEditorial:
			parts = append(parts, func() error { return l.read(name, func(data []byte) error { return decodeEditorial(data, b) }) })
		case ofModels(name):
			if !l.open.NoModels {
				parts = append(parts, func() error { return l.read(name, func(data []byte) error { l.keep(name, data); return nil }) })
			}
		case !named(name):
			parts = append(parts, func() error { return verifyFile(l.dir, f) })
		}
	}
	return parts
}

// named reports whether a file has a part of its own.
func named(name string) bool {
	switch name {
	case fileMovies, fileFacts, fileVectors, fileNeighbours, fileStats, fileHistories, fileIndex, fileLater:
		return true
	}
	return false
}

// read reads a file, which must be there, checks it, and decodes it.
func (l *loader) read(name string, decode func(data []byte) error) error {
	f, ok := l.files[name]
	if !ok {
		return fmt.Errorf("the bundle has no %s: %w", name, ErrBroken)
	}
	data, err := readChecked(l.dir, f)
	if err != nil {
		return err
	}
	if err := decode(data); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readIndex reads vectors and the index, which is made of them.
func (l *loader) readIndex(b *Bundle) (err error) {
	m := l.manifest
	if l.vectors, err = readVectors(l.dir, l.files[fileVectors], len(l.changes.added)*m.Embedder.Dims); err != nil {
		return err
	}
	b.Vectors = l.vectors[:len(l.vectors):len(l.vectors)]
	var stored []byte
	if f, ok := l.files[fileIndex]; ok {
		if stored, err = readChecked(l.dir, f); err != nil {
			return err
		}
	}
	if b.Index, err = l.open.Index(m.Index.Kind, b.Vectors, m.Embedder.Dims, stored); err != nil {
		return fmt.Errorf("index %s: %w: %w", m.Index.Kind, err, ErrBroken)
	}
	if n := len(b.Vectors) / m.Embedder.Dims; b.Index.Len() != n || b.Index.Dims() != m.Embedder.Dims {
		return fmt.Errorf("index %s: %d x %d, want %d x %d: %w", m.Index.Kind, b.Index.Len(), b.Index.Dims(), n, m.Embedder.Dims, ErrBroken)
	}
	return nil
}

// readTable reads the neighbour table, which is hashed while it is read.
func (l *loader) readTable(movies int) (*indexer.Table, error) {
	f, ok := l.files[fileNeighbours]
	if !ok {
		return nil, fmt.Errorf("the bundle has no %s: %w", fileNeighbours, ErrBroken)
	}
	c, err := openChecked(l.dir, f)
	if err != nil {
		return nil, err
	}
	t, err := indexer.ReadTable(c)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", err, ErrBroken)
	case t.Rows() != movies:
		err = fmt.Errorf("%d rows, want %d: %w", t.Rows(), movies, ErrBroken)
	}
	if err := c.close(err); err != nil {
		return nil, err
	}
	return t, nil
}

// readMovies reads the movies' columns.
func (l *loader) readMovies(movies int) (*rank.Movies, error) {
	var m *rank.Movies
	err := l.read(fileMovies, func(data []byte) (err error) {
		if m, err = decodeMovies(data); err != nil {
			return err
		}
		if m.Len() != movies {
			return fmt.Errorf("%d movies, there are vectors of %d: %w", m.Len(), movies, ErrBroken)
		}
		return nil
	})
	if _, ok := l.files[fileFacts]; err != nil || !ok { // since format 3
		return m, err
	}
	return m, l.read(fileFacts, func(data []byte) error { return decodeFacts(data, m) })
}
