package dataset

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"marquee/catalog"
)

// An Origin says where a snapshot comes from; none of it is part of the version.
type Origin struct {
	Parent  string // the version that came before; "" if none did
	Program string // the version of this program

	// Gone, if it is not nil, is asked once the shelf is locked who was forgotten
	// since the source began to be read; they are left out. Whoever is forgotten
	// later waits for the lock in [Shelf.Forget] and finds the new snapshot.
	Gone func(ctx context.Context) (func(catalog.UserID) bool, error)
}

// Write takes a snapshot of src. It reads the source once and holds a row group
// of each file in memory, whatever the number of rows. added is false if the
// shelf has the version already: then nothing changes, and the manifest is that
// of the old snapshot. A source whose rows are out of order, or hold what no store
// lets in, is an error that wraps [catalog.ErrInvalid]. BenchmarkWrite has the
// time.
func (s *Shelf) Write(ctx context.Context, src Source, from Origin, now time.Time, progress Progress) (m Manifest, added bool, err error) {
	if from.Parent != "" && !ValidVersion(from.Parent) {
		return m, false, fmt.Errorf("parent %q, want %d hex digits: %w", from.Parent, versionDigits, catalog.ErrInvalid)
	}
	m = Manifest{Created: now.UTC().Truncate(time.Second), Parent: from.Parent, Program: from.Program}
	err = s.change(ctx, func() error {
		var gone func(catalog.UserID) bool
		if from.Gone != nil {
			if gone, err = from.Gone(ctx); err != nil {
				return fmt.Errorf("who was forgotten: %w", err)
			}
		}
		m, added, err = s.write(ctx, src, gone, m, progress)
		return err
	})
	if err != nil {
		return Manifest{}, false, fmt.Errorf("take snapshot: %w", err)
	}
	return m, added, nil
}

// write fills in what follows from the rows and shelves the snapshot. The shelf
// is locked.
func (s *Shelf) write(ctx context.Context, src Source, gone func(catalog.UserID) bool, m Manifest, progress Progress) (Manifest, bool, error) {
	draft, err := s.disk.MkdirTemp(s.dir, draftPattern)
	if err != nil {
		return m, false, err
	}
	defer func() { _ = s.disk.RemoveAll(draft) }() // renamed away by then, or rubbish
	if m.Scale, err = src.Scale(ctx); err != nil {
		return m, false, fmt.Errorf("read rating scale: %w", err)
	}
	if m.LastChange, err = src.LastChange(ctx); err != nil {
		return m, false, fmt.Errorf("read number of the last change: %w", err)
	}
	if err := s.writeTables(ctx, src, gone, draft, &m, progress); err != nil {
		return m, false, err
	}
	m.Version = versionOf(m.Scale, m.Tables)
	if old, whole, err := s.standing(ctx, m.Version); whole || err != nil {
		return old, false, err
	}
	m, text, err := m.encode()
	if err != nil {
		return m, false, err
	}
	if err := writeFile(s.disk, filepath.Join(draft, manifestName), text); err != nil {
		return m, false, fmt.Errorf("write manifest: %w", err)
	}
	return m, true, s.shelve(draft, m.Version)
}

func (s *Shelf) writeTables(ctx context.Context, src Source, gone func(catalog.UserID) bool, draft string, m *Manifest, progress Progress) error {
	d := NewDigest(m.Scale)
	movies, err := writeTable(ctx, s.disk, draft, movieKind, &d.movies, src.Movies(ctx), func(*catalog.Movie) {}, progress)
	if err != nil {
		return err
	}
	users, err := writeTable(ctx, s.disk, draft, userKind, &d.users, leaveOut(userKind, src.Users(ctx), gone), func(*catalog.User) {}, progress)
	if err != nil {
		return err
	}
	var span span
	seen, err := writeTable(ctx, s.disk, draft, seenKind, &d.seen, leaveOut(seenKind, src.Histories(ctx), gone), span.add, progress)
	if err != nil {
		return err
	}
	accounts, err := writeTable(ctx, s.disk, draft, accountKind, &d.accounts, leaveOut(accountKind, src.Accounts(ctx), gone), func(*catalog.Account) {}, progress)
	if err != nil {
		return err
	}
	m.FirstEvent, m.LastEvent = span.times()
	m.Tables = []Table{movies, users, seen, accounts}
	return nil
}

// A span is the time from the first event to the last, in microseconds.
type span struct {
	any         bool
	first, last int64
}

func (s *span) add(v *catalog.UserSeen) {
	at := v.At.UnixMicro()
	if !s.any {
		*s = span{true, at, at}
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}

// times returns zero times if there was no event.
func (s *span) times() (first, last time.Time) {
	if !s.any {
		return first, last
	}
	return time.UnixMicro(s.first).UTC(), time.UnixMicro(s.last).UTC()
}

// standing returns the manifest of version if it stands whole on the shelf. What
// cannot be read for another reason than being broken or absent is an error: it
// must not be replaced.
func (s *Shelf) standing(ctx context.Context, version string) (m Manifest, whole bool, err error) {
	m, err = s.Manifest(version)
	if err == nil {
		err = s.checkFiles(ctx, m)
	}
	if errors.Is(err, ErrBroken) || errors.Is(err, catalog.ErrNotFound) {
		return Manifest{}, false, nil
	}
	return m, err == nil, err
}

// checkFiles checks the bytes of every file.
func (s *Shelf) checkFiles(ctx context.Context, m Manifest) error {
	for _, t := range m.Tables {
		f, err := openTable(ctx, s.Dir(m.Version), t)
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", m.Version, err)
		}
		f.Close()
	}
	return nil
}

// shelve makes a whole draft the snapshot of version. What stands in its place is
// a broken one of the same version; it goes.
func (s *Shelf) shelve(draft, version string) error {
	if err := s.disk.SyncDir(draft); err != nil {
		return fmt.Errorf("sync snapshot: %w", err)
	}
	if err := s.remove(version); err != nil {
		return err
	}
	if err := s.disk.Rename(draft, s.Dir(version)); err != nil {
		return fmt.Errorf("shelve snapshot %s: %w", version, err)
	}
	if err := s.disk.SyncDir(s.dir); err != nil {
		return fmt.Errorf("sync folder of snapshots: %w", err)
	}
	return nil
}
