package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// Whole returns b with f in it, with index and neighbour table built anew. Rows keep
// their numbers, so that models, lists and histories, which stay as they are, go on
// naming the same movies; new movies stand behind. b must have been loaded with its
// models. If b has all of f the error is [ErrNothing].
//
// Movies that left still have their rows, of zeros, and are nobody's neighbours. A
// bundle that was not patched cannot say that they are gone: gone names them, and
// they are to be laid over it by [bundle.Shelf.PutPatch], as [Reindex.Shelve] does.
func (r Reindex) Whole(ctx context.Context, b *bundle.Bundle, f Found) (whole *bundle.Bundle, gone []catalog.MovieID, work Work, err error) {
	if f.Nothing(b) {
		return nil, nil, work, ErrNothing
	}
	if len(b.Models) != len(b.Manifest.Models) {
		return nil, nil, work, fmt.Errorf("bundle %s was loaded without its models: %w", b.Manifest.ID, catalog.ErrInvalid)
	}
	next, err := r.renew(ctx, b, f, &work)
	if err != nil {
		return nil, nil, work, err
	}
	began := time.Now()
	defer func() { work.Index = time.Since(began) }()
	dims := b.Manifest.Embedder.Dims
	w := works{r.Backend, r.Override, r.Progress, r.Log}
	whole = next.bundle(b)
	if whole.Index, whole.Manifest.Index, err = w.index(ctx, whole.Vectors, dims, profiles(b.Histories, 200, 5, 20)); err != nil {
		return nil, nil, work, err
	}
	if whole.Table, err = w.table(ctx, whole.Vectors, dims, b.Manifest.Counts.Neighbour); err != nil {
		return nil, nil, work, err
	}
	if whole.Models, err = extended(b.Models, next.vectors[b.Movies.Len()*dims:], dims); err != nil {
		return nil, nil, work, err
	}
	if f.Editorial != nil {
		whole.Hidden, whole.Corrections = f.Editorial.Hidden, f.Editorial.Corrections
	}
	r.sign(&whole.Manifest, f)
	return whole, next.gone, work, nil
}

// A renewed is the movies of a bundle with what was found.
type renewed struct {
	movies  *rank.Movies
	stats   *rank.Stats
	vectors []float32         // [movies x dims], of zeros where a movie is gone
	gone    []catalog.MovieID // in the order of rows
}

// renew embeds what has another text, and puts the movies of b and of f together.
func (r Reindex) renew(ctx context.Context, b *bundle.Bundle, f Found, work *Work) (*renewed, error) {
	added, err := r.embed(ctx, b, f, work)
	if err != nil {
		return nil, err
	}
	movies := make([]catalog.Movie, len(added))
	for i, a := range added {
		movies[i] = a.Movie
	}
	columns, rows := b.Movies.With(movies)
	var left []uint32
	for _, id := range f.Removed {
		if row, known := columns.Row(id); known {
			left = append(left, row)
		}
	}
	columns = columns.Without(left)
	next := &renewed{movies: columns, stats: b.Stats.With(movies, rows)}
	dims := b.Manifest.Embedder.Dims
	next.vectors = make([]float32, columns.Len()*dims)
	copy(next.vectors, b.Vectors)
	for i, a := range added {
		copy(next.vectors[int(rows[i])*dims:], a.Vector)
	}
	for row, id := range columns.IDs {
		if columns.Gone[row] {
			next.gone = append(next.gone, id)
			clear(next.vectors[row*dims:][:dims])
		}
	}
	return next, nil
}

// bundle returns n as a bundle of its own, with what is not made anew from b.
func (n *renewed) bundle(b *bundle.Bundle) *bundle.Bundle {
	movies := *n.movies
	movies.Gone = nil
	m := b.Manifest
	m.ID, m.Sum, m.Parent, m.Replaces, m.Later, m.Gates, m.Files = "", "", b.Manifest.ID, "", nil, nil, nil
	m.Models = slices.Clone(m.Models)
	m.Counts.Movies, m.Counts.Empty = movies.Len(), 0
	none := rank.HashDocument("")
	for _, d := range movies.Documents {
		if d == none {
			m.Counts.Empty++
		}
	}
	return &bundle.Bundle{
		Manifest: m, Movies: &movies, Vectors: n.vectors, Stats: n.stats, Histories: b.Histories,
		Fitted: b.Fitted, Lists: b.Lists, Hidden: b.Hidden, Corrections: b.Corrections,
	}
}

// extended returns models that know of more movies, whose vectors are rows.
func extended(models []model.Named, rows []float32, dims int) ([]model.Named, error) {
	if len(rows) == 0 {
		return models, nil
	}
	out := make([]model.Named, len(models))
	for i, m := range models {
		x, err := model.Extend(m.Model, rows, dims)
		if err != nil {
			return nil, fmt.Errorf("model %s with %d movies that came later: %w", m.Name, len(rows)/dims, err)
		}
		out[i] = model.Named{Name: m.Name, Model: x}
	}
	return out, nil
}
