package dataset

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"marquee/catalog"
)

// A Rewritten is a snapshot that was replaced by one without some people.
type Rewritten struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// Forget removes all people for whom who returns true: every snapshot that holds
// one is written anew without them, as the version of what is left, and the old
// one is deleted. The new manifest names what it replaces and keeps the time of
// creation; parents are renamed with it. who is called for each row or run of
// rows: pass [catalog.Tombstones.Has], so that a second call also finishes what a
// crash of the first left. Between the two steps a crash leaves both versions.
//
// A broken snapshot cannot be searched; the others are done, and the error, which
// wraps [ErrBroken], says to delete it. A build that holds a snapshot open reads
// on to its end.
func (s *Shelf) Forget(ctx context.Context, who func(catalog.UserID) bool, program string, now time.Time, progress Progress) ([]Rewritten, error) {
	var done []Rewritten
	err := s.change(ctx, func() error {
		list, broken, err := s.List()
		if err != nil {
			return err
		}
		slices.Reverse(list) // parents first
		for _, m := range list {
			if m, err = s.Manifest(m.Version); err != nil { // its parent may have a new name
				return err
			}
			to, err := s.without(ctx, m, who, program, now, progress)
			switch {
			case errors.Is(err, ErrBroken):
				broken = append(broken, err)
			case err != nil:
				return err
			case to != "":
				done = append(done, Rewritten{m.Version, to})
			}
		}
		if len(broken) > 0 {
			return fmt.Errorf("%w; what is broken cannot be searched for people: \"marquee data delete\" deletes it", errors.Join(broken...))
		}
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("forget in snapshots: %w", err)
	}
	return done, nil
}

// without replaces the snapshot m by one without some people, and returns its
// version, "" if m holds none of them.
func (s *Shelf) without(ctx context.Context, m Manifest, who func(catalog.UserID) bool, program string, now time.Time, progress Progress) (string, error) {
	snap, err := s.open(ctx, m, nil)
	if err != nil {
		return "", err
	}
	defer snap.Close()
	holds, err := snap.holds(ctx, who)
	if err != nil || !holds {
		return "", err
	}
	next := Manifest{
		Created:   m.Created,
		Parent:    m.Parent,
		Replaces:  append(slices.Clone(m.Replaces), m.Version),
		Rewritten: now.UTC().Truncate(time.Second),
		Program:   program,
	}
	made, added, err := s.write(ctx, snap, who, next, progress)
	if err != nil {
		return "", fmt.Errorf("write %s anew: %w", m.Version, err)
	}
	if !added {
		if err := s.amend(made.Version, func(old *Manifest) { old.replace(next.Replaces) }); err != nil {
			return "", err
		}
	}
	if err := s.renameParents(m.Version, made.Version); err != nil {
		return "", err
	}
	return made.Version, s.remove(m.Version)
}

// replace adds versions to those that m replaces.
func (m *Manifest) replace(versions []string) {
	for _, v := range versions {
		if v != m.Version && !slices.Contains(m.Replaces, v) {
			m.Replaces = append(m.Replaces, v)
		}
	}
}

// renameParents gives a new name to the parent of those whose parent is old.
func (s *Shelf) renameParents(old, name string) error {
	list, _, err := s.List()
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Parent != old {
			continue
		}
		err := s.amend(m.Version, func(m *Manifest) {
			m.Parent = name
			if m.Parent == m.Version { // child and parent have become the same
				m.Parent = ""
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// amend changes what a manifest says beside the rows: the new one takes the place
// of the old in one step.
func (s *Shelf) amend(version string, change func(*Manifest)) error {
	m, err := s.Manifest(version)
	if err != nil {
		return err
	}
	change(&m)
	_, text, err := m.encode()
	if err != nil {
		return err
	}
	draft, err := s.disk.MkdirTemp(s.dir, draftPattern)
	if err != nil {
		return fmt.Errorf("amend manifest of %s: %w", version, err)
	}
	defer func() { _ = s.disk.RemoveAll(draft) }()
	next := filepath.Join(draft, manifestName)
	err = writeFile(s.disk, next, text)
	if err == nil {
		err = s.disk.Rename(next, filepath.Join(s.Dir(version), manifestName))
	}
	if err == nil {
		err = s.disk.SyncDir(s.Dir(version))
	}
	if err != nil {
		return fmt.Errorf("amend manifest of %s: %w", version, err)
	}
	return nil
}

// holds reports whether any row is one of these people's.
func (s *Snapshot) holds(ctx context.Context, who func(catalog.UserID) bool) (bool, error) {
	for u, err := range s.Users(ctx) {
		if err != nil || who(u.ID) {
			return err == nil, err
		}
	}
	last := catalog.UserID("")
	for h, err := range s.Histories(ctx) {
		if err != nil || h.User != last && who(h.User) {
			return err == nil, err
		}
		last = h.User
	}
	for a, err := range s.Accounts(ctx) {
		if err != nil || who(a.User) {
			return err == nil, err
		}
	}
	return false, nil
}
