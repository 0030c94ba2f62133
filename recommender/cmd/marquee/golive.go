package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/bundle"
)

// A going is a bundle that goes live.
type going struct {
	shelf *bundle.Shelf
	store *sqlstore.Store // which tells of it in the log of changes; nil for none
	depot bundle.Depot    // where bundles are shared; nil for none
}

// liveManifest returns the manifest of the live bundle or, if that cannot be read, of the
// newest that was live before: a broken bundle must not let anything pass the gates. It
// is nil if nothing was ever live, or nothing of it can be read.
func (g going) liveManifest(e *env) *bundle.Manifest {
	published, err := g.shelf.Published()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		e.log.Warn("the journal of publications cannot be read in whole", "error", err)
	}
	for i, p := range published {
		m, err := g.shelf.Manifest(p.ID)
		if err == nil {
			return &m
		}
		if i == 0 {
			e.log.Warn("the live bundle cannot be read; gates compare with what was live before", "bundle", p.ID, "error", err)
		}
	}
	return nil
}

// live makes p.ID the live bundle, here and where bundles are shared. With after, which
// is the bundle that p.ID was made from, it does so only if that is live still.
func (g going) live(ctx context.Context, e *env, p bundle.Publication, after *string) error {
	if p.By == "" {
		p.By = editor()
	}
	if g.depot != nil { // first, so that no pointer ever names what is not there
		if live, err := g.shelf.Live(); after != nil && (err != nil || live != *after) {
			return fmt.Errorf("bundle %s is live by now, and not %s, of which %s was made: %w", live, *after, p.ID, errors.Join(bundle.ErrMoved, err))
		}
		if err := g.mayShare(ctx, after); err != nil {
			return err
		}
		bar := e.progress()
		err := g.depot.Push(ctx, g.shelf, p.ID, func(done, total int64) { bar.bytes("push "+p.ID, done, total) })
		bar.end()
		if err != nil {
			return fmt.Errorf("push bundle %s: %w", p.ID, err)
		}
		if err := g.share(ctx, p, after); err != nil {
			return err
		}
	}
	var err error
	if after != nil {
		err = g.shelf.PublishAfter(ctx, *after, p)
	} else {
		err = g.shelf.Publish(ctx, p)
	}
	if err != nil {
		return err
	}
	g.tell(ctx, e, p)
	return nil
}

// back takes the live bundle back: where bundles are shared first, if they are, since who
// follows what is live there would undo a step that was taken here alone.
func (g going) back(ctx context.Context, e *env, why string) (from, to string, err error) {
	if g.depot == nil {
		return g.shelf.Rollback(ctx, editor(), why)
	}
	if from, to, err = g.depot.Rollback(ctx, editor(), why); err != nil {
		return "", "", fmt.Errorf("where bundles are shared: %w", err)
	}
	if _, err := e.pullShared(ctx, g.shelf, to); err != nil {
		return "", "", fmt.Errorf("bundle %s is live where bundles are shared, but cannot be had; run \"marquee bundle import live --publish\" again: %w", to, err)
	}
	published, err := g.shelf.Published()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return "", "", err
	}
	switch stack := bundle.Journal(published).Stack(); {
	case len(stack) > 0 && stack[0] == to: // a server here was quicker
	case len(stack) > 1 && stack[1] == to:
		_, _, err = g.shelf.Rollback(ctx, editor(), why)
	default: // what was live here is not what was shared
		err = g.shelf.Publish(ctx, bundle.Publication{ID: to, By: editor(), Why: orElse(why, "rollback of "+from)})
	}
	return from, to, err
}

// mayShare looks, before anything is sent, whether what is live where bundles are shared
// is what a bundle was made from.
func (g going) mayShare(ctx context.Context, after *string) error {
	if after == nil {
		return nil
	}
	live, err := g.depot.Live(ctx)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("what is live where bundles are shared: %w", err)
	case live != *after:
		return overtaken(fmt.Errorf("%s is live there, and not %s: %w", live, *after, bundle.ErrMoved))
	}
	return nil
}

// overtaken says what to do about another machine's publication.
func overtaken(err error) error {
	return fmt.Errorf("another machine published meanwhile; \"marquee bundle import live --publish\" takes that bundle, then run this command again: %w", err)
}

// share makes p.ID the live bundle where bundles are shared: if it was made from another,
// only if that is live there, or none is.
func (g going) share(ctx context.Context, p bundle.Publication, after *string) error {
	live, err := g.depot.Live(ctx)
	switch none := errors.Is(err, catalog.ErrNotFound); {
	case err != nil && !none:
		return fmt.Errorf("what is live where bundles are shared: %w", err)
	case live == p.ID:
		return nil
	case after == nil:
		err = g.depot.Publish(ctx, p)
	case none:
		err = g.depot.PublishAfter(ctx, "", p)
	default:
		err = g.depot.PublishAfter(ctx, *after, p)
	}
	if errors.Is(err, bundle.ErrMoved) {
		return overtaken(err)
	}
	if err != nil {
		return fmt.Errorf("publish bundle %s where bundles are shared: %w", p.ID, err)
	}
	return nil
}

// tell writes to the log of changes which bundle is live, and lets the alias of a Qdrant
// server name its collection. Servers follow the pointer, so a store that is away is no
// reason to fail.
func (g going) tell(ctx context.Context, e *env, p bundle.Publication) {
	e.publishIndex(ctx, g.shelf, p.ID)
	if g.store == nil {
		return
	}
	detail, err := json.Marshal(p)
	if err == nil {
		_, err = g.store.PutChange(ctx, catalog.Change{Kind: catalog.ChangeBundle, Subject: p.ID, Detail: detail})
	}
	if err != nil {
		e.log.Warn("the log of changes does not tell which bundle is live", "bundle", p.ID, "error", err)
	}
}

// editor names whoever runs the program.
func editor() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return catalog.CutText(u.Username, 100)
}
