package bundle

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"marquee/catalog"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/rank"
)

// A Replacement says that a bundle was replaced by one without certain people.
type Replacement struct {
	Old    string `json:"old"` // no longer on the shelf
	New    string `json:"new"`
	People int    `json:"people"` // who are not in New
	Live   bool   `json:"live"`   // New took the place of Old as the live bundle
}

// Without returns the histories of all but the people who are gone, and how many
// those are; h itself if nobody is.
func (h *Histories) Without(gone func(catalog.UserID) bool) (*Histories, int) {
	n := 0
	for _, u := range h.Users {
		if gone(u) {
			n++
		}
	}
	if n == 0 {
		return h, 0
	}
	left := &Histories{Scale: h.Scale}
	for i, u := range h.Users {
		if gone(u) {
			continue
		}
		var t rank.Taste
		for k := h.Starts[i]; k < h.Starts[i+1]; k++ {
			t.Watched = append(t.Watched, rank.Watched{Row: h.Rows[k], Preference: h.Weights[k]})
		}
		left.Add(u, t)
	}
	return left, n
}

// Forget replaces every bundle that holds a person who is gone by one without
// them: histories and precomputed lists are written anew, all else is checked and gets a
// second name, so the bundle gets another ID and its manifest says which one it
// replaces. What was laid over a build stays, and so does the ID of the build by which
// its manifest names it. The live bundle stays
// live, under its new ID. What bundles hold of everybody together, how often a
// movie was watched and how it was rated, stays until the next build.
//
// Drafts that a killed build left behind go too. A broken bundle cannot be read, so it may still hold the person: its ID is in
// unread. After an error or a crash the shelf is as usable as before, and a
// second call finishes the work.
func (s *Shelf) Forget(ctx context.Context, gone func(catalog.UserID) bool) (done []Replacement, unread []string, err error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	if err := s.sweepDrafts(); err != nil {
		return nil, nil, err
	}
	ids, err := s.ids()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return done, unread, err
		}
		r, err := s.forget(ctx, id, gone)
		switch {
		case isBroken(err):
			unread = append(unread, id)
		case err != nil:
			return done, unread, fmt.Errorf("forget in bundle %s: %w", id, err)
		case r.People > 0:
			done = append(done, r)
		}
	}
	return done, unread, nil
}

// ForgetIn is [Shelf.Forget] for who just shelved m: it returns the manifest of what took
// its place, or m if that held nobody who is gone.
func (s *Shelf) ForgetIn(ctx context.Context, m Manifest, gone func(catalog.UserID) bool) (Manifest, error) {
	done, _, err := s.Forget(ctx, gone)
	if err != nil {
		return m, fmt.Errorf("forget in bundle %s: %w", m.ID, err)
	}
	for _, r := range done {
		if r.Old == m.ID {
			return s.Manifest(r.New)
		}
	}
	return m, nil
}

func (s *Shelf) forget(ctx context.Context, id string, gone func(catalog.UserID) bool) (Replacement, error) {
	m, err := s.Manifest(id)
	if err != nil {
		return Replacement{}, err
	}
	r := Replacement{Old: id}
	left, people, err := s.remaining(m, gone)
	if err != nil || people == 0 {
		return r, err
	}
	r.People = people
	if r.New, err = s.rewrite(ctx, m, left); err != nil {
		return r, err
	}
	if r.Live, err = s.succeed(id, r.New); err != nil {
		return r, fmt.Errorf("move the pointer from it: %w", err)
	}
	// A crash in the middle of a removal must leave nothing that looks like a bundle.
	aside := filepath.Join(s.dir, forgottenPrefix+id)
	if err := s.disk.Rename(s.Dir(id), aside); err != nil {
		return r, fmt.Errorf("move it aside: %w", err)
	}
	if err := s.disk.RemoveAll(aside); err != nil {
		return r, fmt.Errorf("remove it: %w", err)
	}
	return r, s.disk.SyncDir(s.dir)
}

// forgottenPrefix begins the names of bundles that are being removed.
const forgottenPrefix = draftPattern + "forgotten-"

// sweepDrafts removes what builds and calls that were cut short left behind, and what
// came in from elsewhere in part: all of it may hold people, and whoever holds
// the lock is the only one at work.
func (s *Shelf) sweepDrafts() error {
	left, err := s.drafts(draftPattern)
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := s.disk.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("remove %s: %w", e.Name(), err)
		}
	}
	return nil
}

// A rest is what is left of the files that hold people.
type rest struct {
	histories *Histories
	files     map[string][]byte // by name
}

// remaining reads the files of m that hold people, and returns them without those
// who are gone, and how many these are.
func (s *Shelf) remaining(m Manifest, gone func(catalog.UserID) bool) (left rest, people int, err error) {
	left.files = make(map[string][]byte)
	for _, f := range m.Files {
		isLists := strings.HasPrefix(f.Name, listsPrefix)
		if f.Name != fileHistories && !isLists {
			continue
		}
		data, err := readChecked(s.Dir(m.ID), f)
		if err != nil {
			return left, 0, err
		}
		var n int
		if isLists {
			all, err := precomputed.Decode(data, m.rows())
			if err != nil {
				return left, 0, fmt.Errorf("%s: %w: %w", f.Name, err, ErrBroken)
			}
			all, n = all.Without(gone)
			left.files[f.Name] = all.Encode()
		} else {
			all, err := decodeHistories(data, m.rows())
			if err != nil {
				return left, 0, err
			}
			left.histories, n = all.Without(gone)
			left.files[f.Name] = left.histories.encode()
		}
		people = max(people, n)
	}
	return left, people, nil
}

// rewrite shelves the bundle of m with what is left of its people and returns its
// ID.
func (s *Shelf) rewrite(ctx context.Context, m Manifest, left rest) (id string, err error) {
	var contents []content
	for _, f := range m.Files {
		if text, ok := left.files[f.Name]; ok {
			contents = append(contents, content{name: f.Name, data: func() ([]byte, error) { return text, nil }})
			continue
		}
		if err := verifyFile(s.Dir(m.ID), f); err != nil {
			return "", err
		}
		contents = append(contents, content{name: f.Name, from: s.Dir(m.ID), file: f})
	}
	next := m
	next.Replaces, next.Predecessors = m.ID, m.predecessors()
	if h := left.histories; h != nil {
		next.Counts.Users, next.Counts.Watched = len(h.Users), len(h.Rows)
	}
	next, err = s.write(ctx, next, contents)
	return next.ID, err
}
