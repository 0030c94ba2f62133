package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"marquee/catalog"
)

// pointerName is the file that says which bundle is live, and which were before.
const pointerName = "live"

// ErrMoved reports that another bundle went live meanwhile.
var ErrMoved = errors.New("another bundle went live meanwhile")

// Publish makes p.ID the live bundle, after it has read every file of it. Servers that
// follow the shelf swap to it. A zero p.At is now. What is live already
// stays as it is, and nothing is written. Of two publishers at once each gets its turn.
//
// Errors wrap [catalog.ErrInvalid] for what can be no publication, [catalog.ErrNotFound] for a
// bundle that is not there and [ErrBroken] for one that is not whole.
func (s *Shelf) Publish(ctx context.Context, p Publication) error {
	return s.publish(ctx, p, func(string) error { return nil })
}

// PublishAfter is Publish, unless another bundle than began is live by now: p was
// made from began and would undo that one. began is "" if none was live. Then the
// error wraps [ErrMoved].
func (s *Shelf) PublishAfter(ctx context.Context, began string, p Publication) error {
	return s.publish(ctx, p, func(live string) error {
		if live == began || live == p.ID {
			return nil
		}
		return fmt.Errorf("bundle %s is live, and %s was made when %s was: %w", orNone(live), p.ID, orNone(began), ErrMoved)
	})
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

func (s *Shelf) publish(ctx context.Context, p Publication, allow func(live string) error) error {
	if p.At.IsZero() {
		p.At = time.Now().UTC()
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	j, err := s.mendable()
	if err != nil {
		return fmt.Errorf("publish %s: %w", p.ID, err)
	}
	if err := allow(j.Live()); err != nil {
		return err
	}
	if err := s.Verify(p.ID); err != nil {
		return fmt.Errorf("publish %s: %w", p.ID, err)
	}
	next, changed, err := j.Publish(p)
	if err == nil && changed {
		err = s.point(next)
	}
	if err != nil {
		return fmt.Errorf("publish %s: %w", p.ID, err)
	}
	return nil
}

// Rollback makes the newest bundle live that was so before the live one and is still
// whole on the shelf, and says from which to which it went. Called again it goes
// further back. The journal keeps what happened; [Journal.Stack] says where the next leads.
// Without an earlier bundle the error wraps [catalog.ErrNotFound].
func (s *Shelf) Rollback(ctx context.Context, by, why string) (from, to string, err error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	j, err := s.mendable()
	if err != nil {
		return "", "", fmt.Errorf("roll back: %w", err)
	}
	next, err := j.Rollback(Publication{At: time.Now().UTC(), By: by, Why: why}, func(id string) bool { return s.Verify(id) == nil })
	if err == nil {
		err = s.point(next)
	}
	if err != nil {
		return "", "", fmt.Errorf("roll back: %w", err)
	}
	return j.Live(), next.Live(), nil
}

// Live returns the ID of the live bundle. Without one the error wraps
// [catalog.ErrNotFound].
func (s *Shelf) Live() (string, error) {
	j, err := s.journal()
	if len(j) == 0 {
		return "", err
	}
	return j.Live(), nil // whatever stands behind it
}

// Published returns the publications, newest first, at most 100: the first is that of
// the live bundle. Without one the error wraps [catalog.ErrNotFound].
func (s *Shelf) Published() ([]Publication, error) { return s.journal() }

// journal reads the pointer. Of one that is broken behind its first line it returns
// what could be read, and an error.
func (s *Shelf) journal() (Journal, error) {
	name := filepath.Join(s.dir, pointerName)
	text, err := readLimited(name, pointerLimit+1)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no live bundle in %s; run \"marquee build\": %w", s.dir, catalog.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("live bundle: %w", err)
	}
	j, err := ParseJournal(text)
	if err != nil {
		return j, fmt.Errorf("%s: %w; \"marquee bundle publish\" writes it anew", name, err)
	}
	return j, nil
}

// mendable returns what can be read of the journal, so that the next pointer mends it.
// A pointer that is there and cannot be read now is an error: it must not be replaced.
func (s *Shelf) mendable() (Journal, error) {
	j, err := s.journal()
	if isBroken(err) {
		err = nil
	}
	return j, err
}

// point writes the pointer, in one rename. The caller holds the lock.
func (s *Shelf) point(j Journal) error {
	text, err := j.Encode()
	if err != nil {
		return err
	}
	draft, err := s.disk.MkdirTemp(s.dir, draftPattern)
	if err != nil {
		return err
	}
	defer func() { _ = s.disk.RemoveAll(draft) }()
	pointer := filepath.Join(draft, pointerName)
	if err := s.disk.WriteFile(pointer, text); err != nil {
		return err
	}
	if err := s.disk.Rename(pointer, filepath.Join(s.dir, pointerName)); err != nil {
		return err
	}
	return s.disk.SyncDir(s.dir)
}

// succeed puts next in the place of old wherever the journal names it, and reports
// whether old was live. The caller holds the lock and knows that next is whole.
func (s *Shelf) succeed(old, next string) (wasLive bool, err error) {
	j, err := s.mendable()
	if err != nil {
		return false, err
	}
	wasLive = j.Live() == old
	j, found := j.Replace(old, next)
	if !found {
		return false, nil
	}
	return wasLive, s.point(j)
}
