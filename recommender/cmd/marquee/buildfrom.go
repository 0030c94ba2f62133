package main

import (
	"context"
	"errors"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// openStore opens the store. A build from a snapshot does without one that is not
// there: it only embeds anew what the store would have known.
func (c *buildCmd) openStore(ctx context.Context, e *env) (*sqlstore.Store, error) {
	store, err := e.openStore(ctx, false)
	if c.Data != "" && errors.Is(err, catalog.ErrNotFound) {
		e.log.Info("no store, so every movie is embedded anew", "store", sqlstore.Redact(e.cli.Store))
		return nil, nil
	}
	return store, err
}

// facts reads the snapshot that was asked for, or the store as it stands now.
// Neither is held when it returns. store is nil without one.
func (c *buildCmd) facts(ctx context.Context, e *env, store *sqlstore.Store) (*pipeline.Facts, error) {
	if c.Data == "" {
		view, err := store.Freeze(ctx)
		if err != nil {
			return nil, err
		}
		defer view.Close()
		return pipeline.Read(ctx, view, c.config())
	}
	shelf, version, err := e.dataVersion(c.Data)
	if err != nil {
		return nil, err
	}
	var gone func(catalog.UserID) bool
	if store != nil {
		t, err := store.Tombstones(ctx)
		if err != nil {
			return nil, err
		}
		gone = t.Has
	}
	snap, err := shelf.Open(ctx, version, gone)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	return pipeline.Read(ctx, snap, c.config())
}

// shelve puts b on the shelf, and takes people out of it who were forgotten while it was
// built: whoever is forgotten from now on finds it on the shelf.
func shelve(ctx context.Context, shelf *bundle.Shelf, b *bundle.Bundle, store *sqlstore.Store) (bundle.Manifest, error) {
	m, err := shelf.Put(ctx, b)
	if err != nil || store == nil {
		return m, err
	}
	gone, err := store.Tombstones(ctx)
	if err != nil {
		return m, err
	}
	if _, n := b.Histories.Without(gone.Has); n == 0 {
		return m, nil
	}
	return shelf.ForgetIn(ctx, m, gone.Has)
}
