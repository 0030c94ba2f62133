package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/bundle/s3store"
)

// openDepot opens where bundles are shared; nil if --bundles names nothing.
func (e *env) openDepot() (bundle.Depot, error) {
	if e.cli.Bundles == "" {
		return nil, nil
	}
	cfg, err := s3store.ParseURL(e.cli.Bundles)
	if err != nil {
		return nil, fmt.Errorf("--bundles: %w: %w", err, errUsage)
	}
	d, err := s3store.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("--bundles: %w: %w", err, errUsage)
	}
	e.atEnd(d.Close)
	return d, nil
}

// A depotFollower brings the bundle that is live in a depot to the shelf of a server, and
// makes it live there.
type depotFollower struct {
	depot bundle.Depot
	shelf *bundle.Shelf
	gone  func(ctx context.Context) (catalog.Tombstones, error) // who was forgotten
	log   *slog.Logger
	told  string // the last error
}

// look brings the live bundle, unless it is live here.
func (f *depotFollower) look(ctx context.Context) error {
	id, err := f.depot.Live(ctx)
	if err != nil {
		return err
	}
	if here, err := f.shelf.Live(); err == nil && here == id {
		return nil
	}
	if _, err := f.depot.Pull(ctx, f.shelf, id, nil); err != nil {
		return fmt.Errorf("pull bundle %s: %w", id, err)
	}
	f.log.Info("bundle pulled", "bundle", id)
	if err := f.shelf.Publish(ctx, bundle.Publication{ID: id, By: "serve", Why: "live where bundles are shared"}); err != nil {
		return err
	}
	f.forget(ctx)
	return nil
}

// forget takes people who were forgotten elsewhere out of older bundles that were pulled
// here. It comes with the bundle that went live without them; what fails is done with the next.
func (f *depotFollower) forget(ctx context.Context) {
	t, err := f.gone(ctx)
	if err == nil {
		_, _, err = f.shelf.Forget(ctx, t.Has)
	}
	if err != nil && ctx.Err() == nil {
		f.log.Warn("people who were forgotten may still be in older bundles here", "error", err)
	}
}

// run looks every poll until ctx ends. What fails is said once, and tried again.
func (f *depotFollower) run(ctx context.Context, poll time.Duration) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		f.tell(ctx, f.look(ctx))
	}
}

// tell logs an error that is another than the last.
func (f *depotFollower) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil && f.told != "":
		f.log.Info("bundles are shared again")
		f.told = ""
	case err != nil && err.Error() != f.told:
		f.log.Warn("the bundle that is live where bundles are shared cannot be had; what serves goes on", "error", err)
		f.told = err.Error()
	}
}

// startDepot brings the live bundle before a server starts. If that fails, what is on the
// shelf has to do.
func startDepot(ctx context.Context, f *depotFollower) error {
	if f == nil {
		return nil
	}
	err := f.look(ctx)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if _, lerr := f.shelf.Live(); errors.Is(lerr, catalog.ErrNotFound) {
		return err // nothing to serve
	}
	f.tell(ctx, err)
	return nil
}
