package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// pruneShared removes from where bundles are shared those that keep does not keep, and
// then what no bundle needs. It returns which went, or with dryRun would go. Without a
// depot there are none.
func (e *env) pruneShared(ctx context.Context, keep bundle.Keep, now time.Time, dryRun bool) ([]bundle.Manifest, error) {
	depot, err := e.openDepot()
	if err != nil || depot == nil {
		return nil, err
	}
	list, err := depot.List(ctx)
	if err != nil {
		return nil, err
	}
	published, err := depot.Published(ctx)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	doomed := keep.Doomed(list, bundle.Journal(published), now)
	if dryRun {
		return doomed, nil
	}
	for i, m := range doomed {
		if err := depot.Remove(ctx, m.ID); err != nil {
			return doomed[:i], fmt.Errorf("remove bundle %s where bundles are shared: %w", m.ID, err)
		}
	}
	_, _, err = depot.GC(ctx, now)
	return doomed, err
}

// pullShared brings a bundle from where bundles are shared to the shelf: the one of that
// ID, or the live one.
func (e *env) pullShared(ctx context.Context, shelf *bundle.Shelf, id string) (bundle.Manifest, error) {
	depot, err := e.openDepot()
	if err != nil {
		return bundle.Manifest{}, err
	}
	if depot == nil {
		return bundle.Manifest{}, usage("%q is no file; to bring a bundle by its ID, name with --bundles where it is shared", id)
	}
	if id == "live" {
		if id, err = depot.Live(ctx); err != nil {
			return bundle.Manifest{}, err
		}
	}
	bar := e.progress()
	defer bar.end()
	return depot.Pull(ctx, shelf, id, func(done, total int64) { bar.bytes("pull "+id, done, total) })
}
