package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/vec"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
)

// ErrNothing reports that a bundle has all that was found already.
var ErrNothing = errors.New("nothing has changed")

// A Reindex brings vectors and index of a bundle up to date with the catalog. Models,
// statistics and histories are those of the bundle; models are told of new movies.
type Reindex struct {
	// Open gives the embedder of the bundle's space. It is not asked if nothing is to be
	// embedded. One that has a Close method is closed when it is needed no more.
	Open  func(ctx context.Context) (embedder.Embedder, error)
	Cache embedder.Cache // of vectors; nil for none

	// Backend builds the index anew, and Most is the share of the movies up to which that is
	// not done, those that earlier patches changed included: see [Reindex.Large].
	Backend Backend
	Most    float64

	// Gone says who was forgotten by now. It is asked when a bundle stands on the shelf,
	// which may hold people who were forgotten while it was made; nil if nobody ever is.
	Gone func(ctx context.Context) (func(catalog.UserID) bool, error)

	Override map[string]string // as of [Options]
	Program  bundle.Program
	Now      func() time.Time
	Progress Progress
	Log      *slog.Logger
}

// A Work is what a reindex did.
type Work struct {
	Embedded int           `json:"embedded"` // texts
	Cached   int           `json:"cached"`   // texts whose vector was known
	Detect   time.Duration `json:"detect"`   // of [Find], for who measures it
	Embed    time.Duration `json:"embed"`
	Index    time.Duration `json:"index"` // of laying it over or building anew, and measuring
	Write    time.Duration `json:"write"` // of putting it on the shelf
}

// DefaultMost is a good Most. A patch is laid over its build whenever it is loaded: a
// thousand edited movies of 27,000 make that take some 0.7 s longer
// (BenchmarkReindex), on every server; index and table built anew take 8 s, once.
const DefaultMost = 0.05

// Large reports whether f changes so much of a bundle that index and neighbour table are
// built anew ([Reindex.Whole]), and not laid over (Patch). A patch is laid over the
// build whenever the bundle is loaded, which takes longer the more it has; rows of movies
// that came and left again count, since only a build takes them away.
func (r Reindex) Large(m bundle.Manifest, f Found) bool {
	n := len(f.Added) + len(f.Changed) + len(f.Facts) + len(f.Removed)
	rows := m.Counts.Movies
	if l := m.Later; l != nil {
		left := max(0, l.Rows-m.Counts.Movies-l.Removed) // that came and left again: their rows are there
		n += l.Added + l.Changed + l.Removed + left
		rows = l.Rows - l.Added - left
	}
	return f.Whole || float64(n) > r.Most*float64(rows)
}

// both returns what does first and then second, of which each may be nil.
func both(first, second func(*bundle.Manifest)) func(*bundle.Manifest) {
	return func(m *bundle.Manifest) {
		for _, edit := range []func(*bundle.Manifest){first, second} {
			if edit != nil {
				edit(m)
			}
		}
	}
}

// Patch embeds what has another text and lays all of f over b, for
// [bundle.Shelf.PutPatch]: edit is to be among what that is told, since it says what
// the index finds by now. b may be loaded without models. If b has all of f the error is
// [ErrNothing]; an embedder of another space is one that wraps [embedder.ErrSpace].
func (r Reindex) Patch(ctx context.Context, b *bundle.Bundle, f Found) (patch bundle.Patch, edit func(*bundle.Manifest), work Work, err error) {
	if f.Nothing(b) {
		return patch, nil, work, ErrNothing
	}
	added, err := r.embed(ctx, b, f, &work)
	if err != nil {
		return patch, nil, work, err
	}
	began := time.Now()
	defer func() { work.Index = time.Since(began) }()
	c, err := r.lay(ctx, b, added, f.Removed)
	if err != nil {
		return patch, nil, work, err
	}
	measured, err := c.measure(ctx, b.Manifest, r.Log)
	if err != nil {
		return patch, nil, work, fmt.Errorf("recall with what came later: %w", err)
	}
	patch = bundle.Patch{Added: added, Removed: f.Removed, Hidden: b.Hidden, Corrections: b.Corrections}
	if f.Editorial != nil {
		patch.Hidden, patch.Corrections = f.Editorial.Hidden, f.Editorial.Corrections
	}
	return patch, func(m *bundle.Manifest) {
		r.sign(m, f)
		if m.Later != nil {
			m.Later.Measured = measured
		}
	}, work, nil
}

// sign says in m when it was made of what, and by what.
func (r Reindex) sign(m *bundle.Manifest, f Found) {
	m.Created, m.Sequence = r.Now().UTC().Truncate(time.Second), f.Sequence
	m.Program = r.Program
	m.Program.Go, m.Program.Kernel = runtime.Version(), vec.Path()
}

// embed returns the movies of f with their vectors: those of another text embedded, the
// others as b has them.
func (r Reindex) embed(ctx context.Context, b *bundle.Bundle, f Found, work *Work) ([]overlay.Added, error) {
	began := time.Now()
	defer func() { work.Embed = time.Since(began) }()
	other := slices.Concat(f.Added, f.Changed)
	vectors, err := r.vectors(ctx, b.Manifest.Embedder, other, f.Anew, work)
	if err != nil {
		return nil, err
	}
	dims := b.Manifest.Embedder.Dims
	added := make([]overlay.Added, 0, len(other)+len(f.Facts))
	for i, m := range other {
		added = append(added, overlay.Added{Movie: m, Vector: vectors[i*dims:][:dims:dims]})
	}
	for _, m := range f.Facts {
		row, known := b.Movies.Row(m.ID)
		if !known {
			return nil, fmt.Errorf("bundle %s does not have movie %q, of which the facts changed: %w", b.Manifest.ID, m.ID, catalog.ErrInvalid)
		}
		added = append(added, overlay.Added{Movie: m, Vector: b.Vector(row)})
	}
	return added, nil
}

// vectors returns the vectors of the documents of movies, [len(movies) x dims].
func (r Reindex) vectors(ctx context.Context, space embedder.ID, movies []catalog.Movie, anew bool, work *Work) ([]float32, error) {
	texts := make([]string, len(movies))
	for i, m := range movies {
		texts[i] = embedder.Document(m)
	}
	if strings.TrimSpace(strings.Join(texts, "")) == "" {
		return make([]float32, len(movies)*space.Dims), nil
	}
	e, err := r.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("embedder: %w", err)
	}
	defer r.shut(e)
	if err := embedder.CheckSpace(space, e.ID()); err != nil {
		return nil, fmt.Errorf("the bundle and the embedder that is there: %w; run \"marquee build\" to change the embedder", err)
	}
	cache := embedder.CacheFor(e, r.Cache)
	if anew && cache != nil {
		cache = forgetful{cache}
	}
	vectors, err := embedder.Corpus(ctx, e, cache, texts, func(done, total, cached int) {
		work.Embedded, work.Cached = total-cached, cached
		r.Progress("embed", done, total)
	})
	if err != nil {
		return nil, fmt.Errorf("embed %d texts with %s: %w", len(texts), e.ID(), err)
	}
	return vectors, nil
}

// shut lets go of e.
func (r Reindex) shut(e embedder.Embedder) {
	if c, ok := e.(io.Closer); ok {
		if err := c.Close(); err != nil {
			r.Log.Warn("embedder was not closed", "error", err)
		}
	}
}

// A forgetful cache keeps what it is given and knows nothing.
type forgetful struct{ embedder.Cache }

func (forgetful) Vectors(context.Context, []catalog.VectorKey) (map[catalog.VectorKey][]float32, error) {
	return nil, nil
}
