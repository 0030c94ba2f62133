package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

type bundlePruneCmd struct {
	Keep      int           `help:"Newest bundles that stay." default:"10" env:"-" placeholder:"N"`
	Age       time.Duration `help:"Bundles younger than this stay." default:"168h" env:"-" placeholder:"TIME"`
	Published int           `help:"Last publications whose bundles stay, so that a rollback can lead there." default:"3" env:"-" placeholder:"N"`
	Traced    time.Duration `help:"Bundles that made lists within this time stay, so that they can be traced; 0: these too may go." default:"168h" env:"-" placeholder:"TIME"`
	DryRun    bool          `help:"Show what would go." env:"-"`
}

// Help is shown below the flags.
func (bundlePruneCmd) Help() string {
	return `Examples:
  marquee bundle prune --dry-run
  marquee bundle prune --keep 3 --age 24h

The live bundle always stays, and so does what came to the shelf in the last ten minutes:
somebody may be about to publish it. A file that two bundles share stays while one of them does.
With --bundles the same rules prune what is shared there, by its own journal.`
}

// Run prunes.
func (c bundlePruneCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	keep := bundle.Keep{Newest: c.Keep, Age: c.Age, Published: c.Published}
	if keep.Also, err = e.traced(ctx, c.Traced); err != nil {
		return err
	}
	now := time.Now()
	doomed, err := doomedOf(shelf, keep, now)
	if err != nil {
		return err
	}
	removed, freed, err := shelf.Prune(ctx, keep, now, c.DryRun)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(doomed, func(m bundle.Manifest) bool {
		return slices.ContainsFunc(removed, func(r bundle.Manifest) bool { return r.ID == m.ID })
	})
	shared, err := e.pruneShared(ctx, keep, now, c.DryRun)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"removed": idsOf(removed), "freed_bytes": freed, "fresh": idsOf(fresh), "removed_shared": idsOf(shared), "dry_run": c.DryRun}, func(w io.Writer) {
		did := "removed"
		if c.DryRun {
			did = "would remove"
		}
		for _, m := range removed {
			fmt.Fprintf(w, "%s %s of %s\n", did, m.ID, minute(m.Created))
		}
		fmt.Fprintf(w, "%s %d bundles, %.1f MiB\n", did, len(removed), float64(freed)/(1<<20))
		if len(fresh) > 0 {
			fmt.Fprintf(w, "%d more stay for now, since they came to the shelf in the last ten minutes: %s\n", len(fresh), strings.Join(idsOf(fresh), ", "))
		}
		if len(shared) > 0 {
			fmt.Fprintf(w, "%s %d bundles where they are shared\n", did, len(shared))
		}
	})
}

// doomedOf returns the bundles of the shelf that keep does not keep, the fresh ones included.
func doomedOf(shelf *bundle.Shelf, keep bundle.Keep, now time.Time) ([]bundle.Manifest, error) {
	list, err := shelf.List()
	if err != nil {
		return nil, err
	}
	published, err := shelf.Published()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	return keep.Doomed(list, bundle.Journal(published), now), nil
}

// idsOf returns the IDs of manifests, not nil.
func idsOf(list []bundle.Manifest) []string {
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

// traced reports of a bundle whether lists that were made from it, or from one that it
// replaced when somebody was forgotten, within span are kept.
// Without a store, or for no span, it is nil.
func (e *env) traced(ctx context.Context, span time.Duration) (func(id string) bool, error) {
	if span <= 0 {
		return nil, nil
	}
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	if store == nil {
		return nil, nil
	}
	named, err := store.ExposedBundles(ctx, time.Now().Add(-span))
	if err != nil {
		return nil, err
	}
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	of := make(map[string]bool, len(named))
	for _, id := range named {
		of[id] = true
		if now, err := shelf.Successor(id); err == nil { // of a bundle that is gone nothing is left to keep
			of[now] = true
		}
	}
	return func(id string) bool { return of[id] }, nil
}
