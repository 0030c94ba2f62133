package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
)

const (
	// draftAge is when what a killed build left behind is swept away: no build that
	// still runs is this old.
	draftAge = 24 * time.Hour
	// pruneGrace is how long a bundle stays after it was put on the shelf: whoever put
	// it there may be about to publish it.
	pruneGrace = 10 * time.Minute
	// prunedPrefix begins the names of bundles that are being pruned.
	prunedPrefix = draftPattern + "pruned-"
)

// A Keep says which bundles stay when a shelf is pruned: each that any of these
// rules keeps. The live bundle always stays.
type Keep struct {
	Newest    int                  // this many, by the time of creation
	Age       time.Duration        // those that were created less than this ago
	Published int                  // those of this many last publications, and those that as many rollbacks could lead to
	Also      func(id string) bool // those for which it is true, such as what served lists name; may be nil
}

func (k Keep) check() error {
	if k.Newest < 0 || k.Age < 0 || k.Published < 0 {
		return fmt.Errorf("keep the newest %d, those of %v, and %d published: want 0 or more: %w", k.Newest, k.Age, k.Published, catalog.ErrInvalid)
	}
	return nil
}

// Prune removes the whole bundles that k does not keep, oldest first, and what was
// left behind by builds that were cut short. It returns their manifests and the bytes that the
// disk has back: a file that another bundle has too stays where it is. A dry run removes nothing and
// returns the same.
//
// What came to the shelf in the last ten minutes stays, and so does a broken bundle, of
// which nothing is known. A bundle is renamed before it is removed, so a crash leaves nothing that
// looks like one, and the next call finishes the work.
func (s *Shelf) Prune(ctx context.Context, k Keep, now time.Time, dryRun bool) (removed []Manifest, freed int64, err error) {
	if err := k.check(); err != nil {
		return nil, 0, err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer unlock()
	var space space
	if err := s.sweepAll(now, &space, dryRun); err != nil {
		return nil, space.freed, err
	}
	doomed, err := s.doomed(k, now)
	if err != nil {
		return nil, space.freed, err
	}
	for _, m := range doomed {
		if err := ctx.Err(); err != nil {
			return removed, space.freed, err
		}
		gone := space.without(s.Dir(m.ID))
		if !dryRun {
			if err := s.remove(m.ID, prunedPrefix); err != nil {
				return removed, space.freed, fmt.Errorf("prune bundle %s: %w", m.ID, err)
			}
		}
		space = gone
		removed = append(removed, m)
	}
	return removed, space.freed, nil
}

// Doomed returns the bundles that k does not keep, oldest first, of all that there
// are, newest first, and their journal. It serves a depot too.
func (k Keep) Doomed(list []Manifest, j Journal, now time.Time) []Manifest {
	published := j.Newest(k.Published)
	var doomed []Manifest
	for i, m := range list {
		if i >= k.Newest && now.Sub(m.Created) >= k.Age && !published[m.ID] && (k.Also == nil || !k.Also(m.ID)) {
			doomed = append(doomed, m)
		}
	}
	slices.Reverse(doomed)
	return doomed
}

// doomed returns the bundles of the shelf that k does not keep, oldest first, but what is fresh.
func (s *Shelf) doomed(k Keep, now time.Time) ([]Manifest, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	j, err := s.journal()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, fmt.Errorf("which bundles were live is not known, so none is removed: %w", err)
	}
	var stale []Manifest
	for _, m := range k.Doomed(list, j, now) {
		fresh, err := s.isFresh(m.ID, now)
		if err != nil {
			return nil, err
		}
		if !fresh {
			stale = append(stale, m)
		}
	}
	return stale, nil
}

// isFresh reports whether a bundle came to the shelf a moment ago.
func (s *Shelf) isFresh(id string, now time.Time) (bool, error) {
	info, err := os.Stat(filepath.Join(s.Dir(id), fileManifest))
	if err != nil {
		return false, fmt.Errorf("age of bundle %s: %w", id, err)
	}
	return now.Sub(info.ModTime()) < pruneGrace, nil
}

// remove takes a bundle from the shelf. The caller holds the lock.
func (s *Shelf) remove(id, prefix string) error {
	aside := filepath.Join(s.dir, prefix+id)
	if err := s.disk.RemoveAll(aside); err != nil { // of a call that was cut short
		return fmt.Errorf("clear the way aside: %w", err)
	}
	if err := s.disk.Rename(s.Dir(id), aside); err != nil {
		return fmt.Errorf("move it aside: %w", err)
	}
	if err := s.disk.SyncDir(s.dir); err != nil {
		return fmt.Errorf("sync folder of bundles: %w", err)
	}
	if err := s.disk.RemoveAll(aside); err != nil {
		return fmt.Errorf("remove it: %w", err)
	}
	return nil
}

// sweepAll removes all drafts and whatever was moved aside. The caller holds the lock,
// without which nothing is written, so nobody is at work on one. What came in
// from elsewhere in part is kept for a day, to go on with.
func (s *Shelf) sweepAll(now time.Time, space *space, dryRun bool) error {
	entries, err := s.drafts(draftPattern)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), incomingPrefix) && now.Sub(info.ModTime()) < draftAge {
			continue // gone meanwhile, or kept
		}
		name := filepath.Join(s.dir, e.Name())
		gone := space.without(name)
		if !dryRun {
			if err := s.disk.RemoveAll(name); err != nil {
				return fmt.Errorf("sweep %s: %w", e.Name(), err)
			}
		}
		*space = gone
	}
	return nil
}

// Sweep removes what builds that were killed left behind, and returns how many.
func (s *Shelf) Sweep(now time.Time) (int, error) {
	entries, err := s.drafts(draftPattern)
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < draftAge {
			continue
		}
		if err := s.disk.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return swept, fmt.Errorf("sweep %s: %w", e.Name(), err)
		}
		swept++
	}
	return swept, nil
}

// drafts returns the entries of the shelf whose names begin with prefix, by name.
func (s *Shelf) drafts(prefix string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("look for drafts of bundles: %w", err)
	}
	return slices.DeleteFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), prefix) }), nil
}
