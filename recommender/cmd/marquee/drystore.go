package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/table"
	"marquee/embedder"
	"marquee/recommender/pipeline"
)

// A movieStore is where an import of movies goes, and where a reindex finds them again.
type movieStore interface {
	pipeline.Catalog
	table.Store
	RemoveMovies(ctx context.Context, ids []catalog.MovieID) (int, error)
}

// A dryStore is the store as it would be after an import of movies, of which nothing is
// stored: what came is in memory. It is for one goroutine.
type dryStore struct {
	*sqlstore.Store
	put  map[catalog.MovieID]catalog.Movie
	gone map[catalog.MovieID]bool
}

func newDryStore(store *sqlstore.Store) *dryStore {
	return &dryStore{store, make(map[catalog.MovieID]catalog.Movie), make(map[catalog.MovieID]bool)}
}

// PutMovies keeps movies in memory.
func (d *dryStore) PutMovies(ctx context.Context, movies []catalog.Movie) (tally catalog.Tally, err error) {
	for _, m := range movies {
		old, err := d.Movie(ctx, m.ID)
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			tally.New++
		case err != nil:
			return tally, err
		case len(movieChanges(old, m)) == 0:
			tally.Same++
			continue
		default:
			tally.Changed++
		}
		d.put[m.ID] = m
		delete(d.gone, m.ID)
	}
	return tally, nil
}

// RemoveMovies takes movies out, in memory.
func (d *dryStore) RemoveMovies(_ context.Context, ids []catalog.MovieID) (int, error) {
	for _, id := range ids {
		delete(d.put, id)
		d.gone[id] = true
	}
	return len(ids), nil
}

// Movie returns a movie as it would be.
func (d *dryStore) Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) {
	if d.gone[id] {
		return catalog.Movie{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	if m, ok := d.put[id]; ok {
		return m, nil
	}
	return d.Store.Movie(ctx, id)
}

// Movies yields all movies as they would be; those that came last.
func (d *dryStore) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	return func(yield func(catalog.Movie, error) bool) {
		for m, err := range d.Store.Movies(ctx) {
			if _, came := d.put[m.ID]; err == nil && (came || d.gone[m.ID]) {
				continue
			}
			if !yield(m, err) {
				return
			}
		}
		for _, id := range d.touched() {
			if m, ok := d.put[id]; ok && !yield(m, nil) {
				return
			}
		}
	}
}

// touched returns the movies that came or went, ascending.
func (d *dryStore) touched() []catalog.MovieID {
	var ids []catalog.MovieID
	for id := range d.put {
		ids = append(ids, id)
	}
	for id := range d.gone {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare)
	return ids
}

// LastChange counts what came and went as changes after those that are stored.
func (d *dryStore) LastChange(ctx context.Context) (int64, error) {
	last, err := d.Store.LastChange(ctx)
	return last + int64(len(d.put)+len(d.gone)), err
}

// ChangesSince tells of what came and went after what is stored.
func (d *dryStore) ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error) {
	last, err := d.Store.LastChange(ctx)
	if err != nil || seq < last {
		if err != nil {
			return nil, err
		}
		return d.Store.ChangesSince(ctx, seq, limit)
	}
	var out []catalog.Change
	for i, id := range d.touched() {
		if at := last + int64(i) + 1; at > seq && len(out) < limit {
			out = append(out, catalog.Change{Seq: at, At: time.Now(), Kind: catalog.ChangeMovie, Subject: string(id)})
		}
	}
	return out, nil
}

// A readCache is a cache of vectors that only looks up, so that a dry run stores nothing.
type readCache struct{ embedder.Cache }

// PutVectors keeps nothing.
func (readCache) PutVectors(context.Context, []catalog.Vector) error { return nil }
