package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// A working is the live bundle, without its models, with what changed in the store
// after it: what servers answer from by now.
type working struct {
	bundle *bundle.Bundle
	state  *overlay.State

	env      *env
	store    *sqlstore.Store
	flags    bundleSpaceFlags
	embedder embedder.Embedder // nil until it is needed
}

// openWorking loads the live bundle and lays on it what changed since. index makes its
// index: [env.openIndex], or env.openIndexHere for what is to do without a server and write
// nothing to one. Whoever calls it closes it.
func (e *env) openWorking(ctx context.Context, store *sqlstore.Store, flags bundleSpaceFlags, index bundle.OpenIndex) (*working, error) {
	b, err := e.openLiveWith(ctx, bundle.Opener{Index: index, NoModels: true})
	if err != nil {
		return nil, err
	}
	w := &working{bundle: b, env: e, store: store, flags: flags}
	if w.state, err = b.State(); err != nil {
		return nil, err
	}
	if err := w.catchUp(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// catchUp lays on the state what changed in the store after the bundle.
func (w *working) catchUp(ctx context.Context) error {
	if w.state.Snapshot.Movies.Documents != nil { // before format 3 there is nothing to compare with
		found, err := pipeline.Find(ctx, w.store, w.bundle.Manifest, w.bundle.Movies, pipeline.Scope{})
		if err != nil {
			return err
		}
		movies := append(append(found.Added, found.Changed...), found.Facts...)
		if err := w.lay(ctx, movies, found.Removed); err != nil {
			return err
		}
	}
	hidden, err := w.store.Hidden(ctx)
	if err != nil {
		return err
	}
	ids := make([]catalog.MovieID, len(hidden))
	for i, h := range hidden {
		ids[i] = h.Movie
	}
	if w.state, err = w.state.Hide(ids); err != nil {
		return err
	}
	corrections, err := w.store.Corrections(ctx, "")
	if err != nil {
		return err
	}
	w.state, err = w.state.Correct(corrections)
	return err
}

// lay lays movies on the state, and takes others off.
func (w *working) lay(ctx context.Context, movies []catalog.Movie, removed []catalog.MovieID) (err error) {
	if len(movies) > 0 {
		if w.state, err = w.with(ctx, movies...); err != nil {
			return err
		}
	}
	w.state, err = w.state.Without(ctx, removed)
	return err
}

// with returns the state with movies.
func (w *working) with(ctx context.Context, movies ...catalog.Movie) (*overlay.State, error) {
	texts := make([]string, len(movies))
	for i, m := range movies {
		texts[i] = embedder.Document(m)
	}
	vecs, err := w.embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	dims := w.bundle.Manifest.Embedder.Dims
	added := make([]overlay.Added, len(movies))
	for i, m := range movies {
		added[i] = overlay.Added{Movie: m, Vector: vecs[i*dims : (i+1)*dims : (i+1)*dims]}
	}
	return w.state.With(ctx, added)
}

// embed returns the vectors of texts in the space of the bundle, [len(texts) x dims].
func (w *working) embed(ctx context.Context, texts []string) ([]float32, error) {
	if w.embedder == nil {
		e, err := w.flags.open(w.env)(ctx, w.bundle)
		if err != nil {
			return nil, fmt.Errorf("embedder of bundle %s: %w", w.bundle.Manifest.ID, err)
		}
		w.embedder = e
		if err := embedder.CheckSpace(w.bundle.Manifest.Embedder, e.ID()); err != nil {
			return nil, fmt.Errorf("embedder of bundle %s: %w", w.bundle.Manifest.ID, err)
		}
	}
	return embedder.Corpus(ctx, w.embedder, embedder.CacheFor(w.embedder, w.store), texts, nil)
}

// close lets go of the embedder.
func (w *working) close() {
	if c, ok := w.embedder.(io.Closer); ok {
		if err := c.Close(); err != nil {
			w.env.log.Warn("embedder was not closed", "error", err)
		}
	}
}

// row returns the row of a movie. One that has none is an error that says why.
func (w *working) row(id catalog.MovieID) (uint32, error) {
	row, known := w.state.Snapshot.Movies.Row(id)
	if !known || w.state.Snapshot.Movies.IsGone(row) {
		return 0, fmt.Errorf("movie %q is not in the live bundle %s; run \"marquee reindex\": %w", id, w.bundle.Manifest.ID, catalog.ErrNotFound)
	}
	return row, nil
}

// words returns what says which words two documents share: the words of the bundle's
// own embedder, or those of the catalog counted now.
func (w *working) words(ctx context.Context) (*lsa.Words, error) {
	if m, ok := w.embedder.(*lsa.Model); ok {
		return m.Words(), nil
	}
	if w.bundle.Fitted != nil {
		e, err := w.flags.open(w.env)(ctx, w.bundle)
		if err != nil {
			return nil, err
		}
		w.embedder = e
		return w.words(ctx)
	}
	var texts []string
	for m, err := range w.store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		texts = append(texts, embedder.Document(m))
	}
	return lsa.Count(ctx, texts, lsa.DefaultConfig())
}

// A neighbour is a near movie as commands show it.
type neighbour struct {
	ID         catalog.MovieID `json:"id"`
	Title      string          `json:"title"`
	Genres     []string        `json:"genres"`
	Similarity float32         `json:"similarity"` // cosine
	Shared     []string        `json:"shared"`     // words that both documents have, the most telling first
	Pinned     bool            `json:"pinned,omitempty"`
	Hidden     bool            `json:"hidden,omitempty"`     // so it is in no list
	Unreleased bool            `json:"unreleased,omitempty"` // so it is in no list before its day
}

// label returns the title of a neighbour, and why it is in no list if it is in none.
func (n neighbour) label() string {
	switch {
	case n.Hidden:
		return n.Title + " [hidden]"
	case n.Unreleased:
		return n.Title + " [not released yet]"
	}
	return n.Title
}

// sharedWords is how many words say why two movies are alike.
const sharedWords = 4

// neighbours returns the nearest n movies of a movie in a state.
func (w *working) neighbours(ctx context.Context, s *overlay.State, m catalog.Movie, n int) ([]neighbour, error) {
	row, known := s.Snapshot.Movies.Row(m.ID)
	if !known {
		return nil, fmt.Errorf("movie %q: %w", m.ID, catalog.ErrNotFound)
	}
	list := s.Snapshot.Table.Of(row)
	near := make([]nearRow, min(n, len(list)))
	for i := range near {
		near[i] = nearRow{list[i].Row, list[i].Score}
	}
	return w.shown(ctx, s, m, near)
}

// A nearRow is a neighbour by its row.
type nearRow struct {
	row        uint32
	similarity float32
}

// shown returns near movies of m with what is to be shown of them.
func (w *working) shown(ctx context.Context, s *overlay.State, m catalog.Movie, near []nearRow) ([]neighbour, error) {
	words, err := w.words(ctx)
	if err != nil {
		return nil, err
	}
	text, today := embedder.Document(m), rank.Day(time.Now())
	out := make([]neighbour, 0, len(near))
	for _, x := range near {
		id := s.Snapshot.Movies.IDs[x.row]
		facts, err := w.store.Movie(ctx, id)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) { // gone from the store since the build
			return nil, err
		}
		out = append(out, neighbour{
			ID: id, Title: s.Snapshot.Movies.Label(x.row), Genres: facts.Genres, Similarity: x.similarity,
			Shared: words.Shared(embedder.Document(facts), text, sharedWords), Pinned: w.pinned(s, m.ID, id),
			Hidden: s.Snapshot.Hidden(x.row), Unreleased: s.Snapshot.Movies.Released[x.row] > today,
		})
	}
	return out, nil
}

// pinned reports whether an editor made other a neighbour of id.
func (w *working) pinned(s *overlay.State, id, other catalog.MovieID) bool {
	for _, c := range s.Corrections() {
		if c.Movie == id && c.Other == other && c.Kind == catalog.Pin {
			return true
		}
	}
	return false
}
