package main

import (
	"context"
	"encoding/json"
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

// liveManifest returns the manifest of the live bundle; nil without one that can be read.
func (g going) liveManifest() *bundle.Manifest {
	id, err := g.shelf.Live()
	if err != nil {
		return nil
	}
	m, err := g.shelf.Manifest(id)
	if err != nil {
		return nil
	}
	return &m
}

// live makes p.ID the live bundle, here and where bundles are shared. With after, which
// is the bundle that p.ID was made from, it does so only if that is live still.
func (g going) live(ctx context.Context, e *env, p bundle.Publication, after *string) error {
	if p.By == "" {
		p.By = editor()
	}
	if g.depot != nil { // first, so that no pointer ever names what is not there
		bar := e.progress()
		err := g.depot.Push(ctx, g.shelf, p.ID, func(done, total int64) { bar.bytes("push "+p.ID, done, total) })
		bar.end()
		if err != nil {
			return fmt.Errorf("push bundle %s: %w", p.ID, err)
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
	if g.depot != nil {
		if err := g.depot.Publish(ctx, p); err != nil {
			return fmt.Errorf("bundle %s is live here, but not where bundles are shared; run \"marquee bundle publish %s\" again: %w", p.ID, p.ID, err)
		}
	}
	g.tell(ctx, e, p)
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
