package dataset

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"marquee/catalog"
)

// Limits bound what a shelf keeps. A zero field is no limit.
type Limits struct {
	Age   time.Duration // snapshots older than this go
	Count int           // of what is left, the oldest beyond so many go
	Bytes int64         // of what is left, the oldest go until the rest has at most so many bytes
}

// A Removed is a snapshot that was deleted.
type Removed struct {
	Version string    `json:"version"`
	Created time.Time `json:"created"`
	Bytes   int64     `json:"bytes"`
	Reason  string    `json:"reason"` // the limit: age, count or bytes
}

// Delete deletes one snapshot, even a broken one. An unknown version is an error
// that wraps [catalog.ErrNotFound].
func (s *Shelf) Delete(ctx context.Context, version string) error {
	if !ValidVersion(version) {
		return fmt.Errorf("data version %q, want %d hex digits: %w", version, versionDigits, catalog.ErrInvalid)
	}
	return s.change(ctx, func() error {
		if _, err := os.Stat(s.Dir(version)); err != nil {
			return fmt.Errorf("no snapshot %s in %s (%w): %w", version, s.dir, err, catalog.ErrNotFound)
		}
		return s.remove(version)
	})
}

// Prune deletes what lies beyond the limits, the oldest first, and returns what
// it deleted, with an error too. The newest snapshot and those that keep names
// stay, also under a version that they had before a person was forgotten; they
// count towards the limits. Broken snapshots are left to [Shelf.Delete].
func (s *Shelf) Prune(ctx context.Context, l Limits, keep []string, now time.Time) ([]Removed, error) {
	if l.Age < 0 || l.Count < 0 || l.Bytes < 0 {
		return nil, fmt.Errorf("limits %+v, want 0 (none) or more: %w", l, catalog.ErrInvalid)
	}
	var removed []Removed
	err := s.change(ctx, func() error {
		list, _, err := s.List()
		if err != nil {
			return err
		}
		for _, r := range l.beyond(list, keep, now) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.remove(r.Version); err != nil {
				return err
			}
			removed = append(removed, r)
		}
		return nil
	})
	if err != nil {
		return removed, fmt.Errorf("prune snapshots: %w", err)
	}
	return removed, nil
}

// beyond returns what to delete of list, which is the newest first, in the order
// of deletion.
func (l Limits) beyond(list []Manifest, keep []string, now time.Time) []Removed {
	count, bytes := len(list), int64(0)
	for _, m := range list {
		bytes += m.Bytes()
	}
	var out []Removed
	for i := len(list) - 1; i > 0; i-- { // list[0] is the newest
		m := list[i]
		reason := ""
		switch {
		case slices.Contains(keep, m.Version) || slices.ContainsFunc(m.Replaces, func(v string) bool { return slices.Contains(keep, v) }):
		case l.Age > 0 && now.Sub(m.Created) > l.Age:
			reason = "age"
		case l.Count > 0 && count > l.Count:
			reason = "count"
		case l.Bytes > 0 && bytes > l.Bytes:
			reason = "bytes"
		}
		if reason == "" {
			continue
		}
		count, bytes = count-1, bytes-m.Bytes()
		out = append(out, Removed{m.Version, m.Created, m.Bytes(), reason})
	}
	return out
}
