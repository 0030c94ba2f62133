package s3store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// grace is how long a file stays that no bundle names: a push that began before may be
// about to name it.
const grace = 24 * time.Hour

// Remove removes a bundle that is not live.
func (d *Depot) Remove(ctx context.Context, id string) error {
	live, err := d.Live(ctx)
	if err != nil && !isGone(err) {
		return err
	}
	if live == id {
		return fmt.Errorf("remove %s: it is the live bundle of the depot %s; publish another first: %w", id, d.c, catalog.ErrInvalid)
	}
	m, text, err := d.manifest(ctx, id)
	if errors.Is(err, bundle.ErrBroken) { // nobody can pull it, and what it names goes with GC
		return d.remove(ctx, manifestKey(id))
	}
	if err == nil {
		err = d.retire(ctx, m, text)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", id, err)
	}
	return nil
}

// retire removes a bundle and what it holds of people. The manifest moves aside first, so
// that a call that is cut short can be finished.
func (d *Depot) retire(ctx context.Context, m bundle.Manifest, text []byte) error {
	if err := d.write(ctx, removingFolder+m.ID, text, nil); err != nil {
		return d.told(ctx, err, "write", removingFolder+m.ID)
	}
	return d.finish(ctx, m)
}

// finish removes the bundle of m, which is aside.
func (d *Depot) finish(ctx context.Context, m bundle.Manifest) error {
	if err := d.remove(ctx, manifestKey(m.ID)); err != nil {
		return err
	}
	needed, err := d.needs(ctx)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if !f.HoldsPeople() || needed.files[f.SHA256] {
			continue
		}
		if err := d.remove(ctx, fileKey(f)); err != nil {
			return err
		}
	}
	return d.remove(ctx, removingFolder+m.ID)
}

// finishAll finishes removals that were cut short.
func (d *Depot) finishAll(ctx context.Context) error {
	items, err := d.list(ctx, removingFolder)
	if err != nil {
		return err
	}
	for _, it := range items {
		text, _, err := d.read(ctx, removingFolder+it.name)
		if err != nil && !isGone(err) {
			return err
		}
		m, perr := bundle.ParseManifest(text)
		if err != nil || perr != nil || m.ID != it.name { // finished by another, or rubbish
			if err := d.remove(ctx, removingFolder+it.name); err != nil {
				return err
			}
			continue
		}
		if err := d.finish(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// needed are the contents that bundles name.
type needed struct {
	files map[string]bool // by SHA-256
	of    map[string]bool // the bundles that were asked
}

// needs returns what the bundles of the depot name. What among the manifests cannot be read is
// an error: a newer program may have written it.
func (d *Depot) needs(ctx context.Context) (needed, error) {
	n := needed{make(map[string]bool), make(map[string]bool)}
	return n, d.learn(ctx, &n)
}

// learn adds the bundles that came since.
func (d *Depot) learn(ctx context.Context, n *needed) error {
	for range moves {
		ids, others, err := d.ids(ctx)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return fmt.Errorf("%s is not a manifest, so which files are needed is not known, and none is removed; if no newer program wrote it, remove it from the bucket: %w", d.c.key(bundlesFolder+others[0]), bundle.ErrBroken)
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return n.of[id] })
		list, err := d.manifests(ctx, ids, func(err error) error {
			if errors.Is(err, bundle.ErrBroken) {
				return fmt.Errorf("which files it needs is not known, so none is removed; if no newer program wrote it, remove it: %w", err)
			}
			if errors.Is(err, catalog.ErrNotFound) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range list {
			n.of[m.ID] = true
			for _, f := range m.Files {
				n.files[f.SHA256] = true
			}
		}
		if len(list) == len(ids) {
			return nil
		}
		// One was removed meanwhile: what there is now must be read to the end.
	}
	return fmt.Errorf("bundles come and go in the depot %s; try again: %w", d.c, catalog.ErrUnavailable)
}

// GC removes files that no bundle names and that are older than a day, and finishes
// removals that were cut short. Before each file it looks whether a bundle came that names it.
// A push puts back what it took in between.
func (d *Depot) GC(ctx context.Context, now time.Time) (files int, freed int64, err error) {
	if err := d.finishAll(ctx); err != nil {
		return 0, 0, fmt.Errorf("clean up: %w", err)
	}
	items, err := d.list(ctx, filesFolder)
	if err != nil {
		return 0, 0, fmt.Errorf("clean up: %w", err)
	}
	needed, err := d.needs(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("clean up: %w", err)
	}
	for _, it := range items {
		if needed.files[it.name] || now.Sub(it.changed) < grace {
			continue
		}
		if err := d.learn(ctx, &needed); err != nil {
			return files, freed, fmt.Errorf("clean up: %w", err)
		}
		if needed.files[it.name] {
			continue
		}
		if err := d.remove(ctx, filesFolder+it.name); err != nil {
			return files, freed, fmt.Errorf("clean up: %w", err)
		}
		files++
		freed += it.size
	}
	return files, freed, nil
}

// Replace puts bundles without certain people in the place of those with them, as
// [bundle.Shelf.Forget] did on the shelf: the new one is pushed, the pointer and its journal name it, then the
// old one goes and what it held of people. A call that was cut short is finished by
// [bundle.ForgetEverywhere], called again.
func (d *Depot) Replace(ctx context.Context, s *bundle.Shelf, done []bundle.Replacement) error {
	if err := d.finishAll(ctx); err != nil {
		return fmt.Errorf("replace bundles in the depot: %w", err)
	}
	for _, r := range done {
		if err := d.replace(ctx, s, r.Old, r.New); err != nil {
			return fmt.Errorf("replace %s by %s in the depot: %w", r.Old, r.New, err)
		}
	}
	return nil
}

func (d *Depot) replace(ctx context.Context, s *bundle.Shelf, old, id string) error {
	m, text, err := d.manifest(ctx, old)
	if err != nil && !isGone(err) {
		return err
	}
	isThere := err == nil
	if !isThere {
		j, _, err := d.journal(ctx)
		if err != nil && !isGone(err) {
			return err
		}
		if _, named := j.Replace(old, id); !named {
			return nil // the depot does not know it
		}
	}
	if err := d.Push(ctx, s, id, nil); err != nil {
		return err
	}
	err = d.move(ctx, func(j bundle.Journal) (bundle.Journal, bool, error) {
		next, found := j.Replace(old, id)
		return next, found, nil
	})
	if err != nil || !isThere {
		return err
	}
	return d.retire(ctx, m, text)
}
