package bundle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// PutPatch shelves a bundle that is base with p laid over it, and returns its
// manifest. It does not make it live. The files of base stay where they are and get
// another name, or a copy where a file cannot have two; only what came later is
// written, and laid over the build again by [Shelf.Load]: by [overlay.State], in
// the order of p.Added. So a movie costs 8 ms here, over 27,000 whose ids must be read
// (BenchmarkLoad), and what overlay.State.With takes whenever the bundle is loaded.
//
// Laid over a bundle that is itself a build with a patch, it is one patch over the
// same build: the newest of a movie counts. A movie that came later and left again
// leaves no trace, but for its row if models or lists of base name rows behind
// those of the build. Movies in p.Removed that base does not have change nothing.
//
// Like [Shelf.Put], it leaves a bundle that stands on the shelf already as it is, such
// as base if p changes nothing of its patch.
//
// edit, unless it is nil, fills in what of the manifest is not content, such as
// Created, Sequence, Program and Gates, what says where it came from, Parent, which
// is base before, and DataVersion, and what was measured, Later.Measured. Without base
// the error wraps [catalog.ErrNotFound]; of a patch that cannot be kept it wraps
// [catalog.ErrInvalid].
func (s *Shelf) PutPatch(ctx context.Context, base string, p Patch, edit func(*Manifest)) (Manifest, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return Manifest{}, err
	}
	defer unlock()
	old, err := s.Manifest(base)
	if err != nil {
		return Manifest{}, fmt.Errorf("lay a patch over a bundle: %w", err)
	}
	if err := p.check(old.Embedder.Dims); err != nil {
		return Manifest{}, fmt.Errorf("patch over bundle %s: %w", base, err)
	}
	ground, err := s.ground(old)
	if err != nil {
		return Manifest{}, fmt.Errorf("bundle %s: %w", base, err)
	}
	next := ground.changes.with(p, ground.has, ground.stay(old))
	data := next.encode()
	if _, err := decodeLater(data, old.Embedder.Dims); err != nil { // what would not come back is not written
		return Manifest{}, fmt.Errorf("patch over bundle %s: %s: %w", base, err.Error(), catalog.ErrInvalid)
	}
	m := ground.manifest(old, next)
	if edit != nil {
		laid := *m.Later
		edit(&m)
		if m.Later != nil {
			laid.Measured = m.Later.Measured
		}
		m.Later, m.Format = &laid, Format
	}
	var files []content
	for _, f := range old.Files {
		if f.Name != fileLater && f.Name != fileEditorial {
			files = append(files, content{name: f.Name, from: s.Dir(base), file: f})
		}
	}
	files = append(files, content{name: fileLater, data: func() ([]byte, error) { return data, nil }})
	if e := (editorial{p.Hidden, p.Corrections}); !e.empty() {
		files = append(files, e.content())
	}
	return s.write(ctx, m, files)
}

// check returns an error that wraps [catalog.ErrInvalid] for a patch that says two
// things at once, or has vectors of another shape.
func (p Patch) check(dims int) error {
	added := make(map[catalog.MovieID]bool, len(p.Added))
	for _, a := range p.Added {
		if _, err := catalog.ParseMovieID(string(a.Movie.ID)); err != nil {
			return err
		}
		if len(a.Vector) != dims {
			return fmt.Errorf("vector of movie %q has %d values, want %d: %w: %w", a.Movie.ID, len(a.Vector), dims, indexer.ErrDims, catalog.ErrInvalid)
		}
		if err := indexer.CheckRows(a.Vector, dims); err != nil {
			return fmt.Errorf("vector of movie %q: %w: %w", a.Movie.ID, err, catalog.ErrInvalid)
		}
		added[a.Movie.ID] = true
	}
	for _, id := range p.Removed {
		if added[id] {
			return fmt.Errorf("movie %q is both added and removed: %w", id, catalog.ErrInvalid)
		}
	}
	return editorial{p.Hidden, p.Corrections}.check()
}

// A ground is what a patch is laid over.
type ground struct {
	movies  *rank.Movies // of the build
	changes changes      // what is laid over it already
}

// ground reads what a patch over the bundle of m must know.
func (s *Shelf) ground(m Manifest) (*ground, error) {
	l := &loader{dir: s.Dir(m.ID), manifest: m}
	if err := l.look(); err != nil {
		return nil, err
	}
	n, err := l.movies()
	if err != nil {
		return nil, err
	}
	movies, err := l.readMovies(n)
	return &ground{movies, l.changes}, err
}

// has reports whether the build has a movie.
func (g *ground) has(id catalog.MovieID) bool {
	_, ok := g.movies.Row(id)
	return ok
}

// stay reports whether rows behind those of the build must stay where they are, since
// something in the bundle of m names them.
func (g *ground) stay(m Manifest) bool {
	return m.Later != nil && slices.ContainsFunc(m.Models, func(x Model) bool {
		return x.Lists || x.Rows == 0 && m.Later.Rows > g.movies.Len() || x.Rows > g.movies.Len()
	})
}

// manifest returns the manifest of the bundle old with next in place of what is laid
// over its build. Files and ID are still missing.
func (g *ground) manifest(old Manifest, next changes) Manifest {
	m := old
	build, rows := old.ID, g.movies.Len()
	if old.Later != nil {
		build, rows = old.Later.Base, old.Later.Rows
	}
	counts := next.counts(build, g.movies.Len(), g.has)
	m.Format, m.Parent, m.Replaces, m.Gates, m.Later = Format, old.ID, "", nil, &counts
	m.Counts.Movies = counts.Rows - len(next.removed)
	m.Counts.Empty += g.empty(next) - g.empty(g.changes)
	m.Models = slices.Clone(old.Models)
	for i, x := range m.Models {
		m.Models[i] = x.withRows(cmp.Or(x.Rows, rows), counts.Rows, g.movies.Len())
	}
	return m
}

// empty returns how many more movies than the build have no text with l laid over it.
func (g *ground) empty(l changes) int {
	none := rank.HashDocument("")
	built := func(id catalog.MovieID) int {
		row, ok := g.movies.Row(id)
		if !ok || g.movies.Documents == nil || g.movies.Documents[row] != none {
			return 0
		}
		return 1
	}
	n := 0
	for _, a := range l.added {
		n -= built(a.movie.ID)
		if a.document == none && !l.gone(a.movie.ID) {
			n++
		}
	}
	for _, id := range l.removed {
		n -= built(id)
	}
	return n
}

// link gives a file of the bundle in another folder a name in draft, or copies it
// where it cannot have two.
func (s *Shelf) link(c content, draft string) error {
	if _, err := statPlain(c.from, c.file); err != nil {
		return err
	}
	to := filepath.Join(draft, c.name)
	err := s.disk.Link(filepath.Join(c.from, c.name), to)
	if !unlinkable(err) {
		return err
	}
	data, err := readChecked(c.from, c.file)
	if err != nil {
		return err
	}
	return s.disk.WriteFile(to, data)
}

// unlinkable reports an error of a file that cannot get a second name: it lies on
// another file system, or on one that has no links, or has too many of them.
func unlinkable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) ||
		errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.ENOSYS)
}
