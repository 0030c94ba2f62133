package bundle

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"marquee/catalog"
)

// A Progress is told how many of all bytes are done. It is called by one goroutine
// at a time, and with done = total at the end.
type Progress func(done, total int64)

// A Depot keeps bundles where several machines reach them. Like a shelf it has a
// pointer to the live one, with its journal; a bundle there is old or new, never a mixture, as it
// is on a shelf. Methods may be called at once, by several processes.
//
// Errors wrap [catalog.ErrNotFound] for what the depot does not have, [ErrBroken] for what is not
// whole there, [catalog.ErrUnavailable] if it cannot be reached, and [ErrMoved] as on a shelf.
// progress may be nil.
type Depot interface {
	// Push copies a bundle of the shelf to the depot, unless it is there. It does not make it live.
	Push(ctx context.Context, s *Shelf, id string, progress Progress) error
	// Pull copies a bundle of the depot to the shelf, unless it is there, and checks every
	// byte. It does not make it live there. A pull that was cut short goes on where it was.
	Pull(ctx context.Context, s *Shelf, id string, progress Progress) (Manifest, error)

	// Live, Published, Publish, PublishAfter and Rollback are those of a shelf, for the depot's own pointer.
	Live(ctx context.Context) (string, error)
	Published(ctx context.Context) ([]Publication, error)
	Publish(ctx context.Context, p Publication) error
	PublishAfter(ctx context.Context, began string, p Publication) error
	Rollback(ctx context.Context, by, why string) (from, to string, err error)

	// List returns the manifests of all bundles, newest first.
	List(ctx context.Context) ([]Manifest, error)
	// Remove removes a bundle that is not live. What it holds of people goes at once, if
	// no other bundle has it; the rest with GC.
	Remove(ctx context.Context, id string) error
	// Replace does in the depot what [Shelf.Forget] did on s. What the old bundles held of
	// people is gone when it returns. Who wants nobody left anywhere calls [ForgetEverywhere].
	Replace(ctx context.Context, s *Shelf, done []Replacement) error
	// GC removes what no bundle needs and is older than a day, and finishes what was cut
	// short. It returns how many files and bytes went.
	GC(ctx context.Context, now time.Time) (files int, freed int64, err error)
}

// ForgetEverywhere is [Shelf.Forget] for a shelf and a depot: bundles that only the
// depot has are pulled, and taken off the shelf again afterwards. After an error or a
// crash a second call finishes the work: what the depot still has of old is pulled again, and becomes
// the bundle that is on the shelf already.
func ForgetEverywhere(ctx context.Context, s *Shelf, d Depot, gone func(catalog.UserID) bool) (done []Replacement, unread []string, err error) {
	list, err := d.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	var guests []string
	for _, m := range list {
		if _, err := s.Manifest(m.ID); err == nil {
			continue
		}
		if _, err := d.Pull(ctx, s, m.ID, nil); err != nil {
			return nil, nil, err
		}
		guests = append(guests, m.ID)
	}
	done, unread, err = s.Forget(ctx, gone)
	if err != nil {
		return done, unread, err
	}
	if err := d.Replace(ctx, s, done); err != nil {
		return done, unread, err
	}
	next := make(map[string]string)
	for _, r := range done {
		next[r.Old] = r.New
	}
	for _, id := range guests {
		if n, replaced := next[id]; replaced {
			id = n
		}
		if err := s.dismiss(ctx, id); err != nil {
			return done, unread, err
		}
	}
	return done, unread, nil
}

// dismiss takes a bundle off the shelf that is not in its journal.
func (s *Shelf) dismiss(ctx context.Context, id string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	j, err := s.journal()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if j.Newest(journalLength)[id] {
		return nil
	}
	if _, err := s.Manifest(id); isBroken(err) {
		return nil // gone already: two guests may have become one bundle
	}
	if err := s.remove(id, prunedPrefix); err != nil {
		return fmt.Errorf("take bundle %s off %s: %w", id, filepath.Base(s.dir), err)
	}
	return nil
}
