package dataset

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"marquee/catalog"
)

const (
	manifestName = "manifest.json"
	lockName     = ".lock"
	// draftPattern and gonePattern begin the names of folders that are not
	// snapshots yet, or no more.
	draftPattern = ".draft-"
	gonePattern  = ".gone-"
	// manifestLimit bounds the manifest that is read, in bytes.
	manifestLimit = 4 << 20
)

// A Shelf is the folder in which snapshots stand. Any number of goroutines and
// processes may read it; those that change it wait for each other.
type Shelf struct {
	dir  string
	disk disk
}

// OpenShelf returns the shelf in dir, which it makes if need be.
func OpenShelf(dir string) (*Shelf, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of snapshots: %w", err)
	}
	return &Shelf{dir: dir, disk: osDisk{}}, nil
}

// Dir returns the folder of a version.
func (s *Shelf) Dir(version string) string { return filepath.Join(s.dir, version) }

// Versions returns the names of all snapshots, broken ones too, ascending.
func (s *Shelf) Versions() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var out []string
	for _, e := range entries {
		if ValidVersion(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// List returns the manifests of all snapshots whose manifest is whole, the newest
// first, and an error for each other one.
func (s *Shelf) List() (list []Manifest, broken []error, err error) {
	versions, err := s.Versions()
	if err != nil {
		return nil, nil, err
	}
	for _, v := range versions {
		m, err := s.Manifest(v)
		switch {
		case err == nil:
			list = append(list, m)
		case !errors.Is(err, catalog.ErrNotFound): // deleted meanwhile
			broken = append(broken, err)
		}
	}
	slices.SortFunc(list, func(a, b Manifest) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Version, b.Version))
	})
	return list, broken, nil
}

// Manifest returns the manifest of version after checking that it is whole; the
// files are not looked at. An unknown version is an error that wraps
// [catalog.ErrNotFound].
func (s *Shelf) Manifest(version string) (Manifest, error) {
	if !ValidVersion(version) {
		return Manifest{}, fmt.Errorf("data version %q, want %d hex digits: %w", version, versionDigits, catalog.ErrInvalid)
	}
	text, err := readLimited(filepath.Join(s.Dir(version), manifestName), manifestLimit)
	if errors.Is(err, os.ErrNotExist) {
		if _, there := os.Stat(s.Dir(version)); there == nil {
			return Manifest{}, fmt.Errorf("snapshot %s has no manifest: %w", version, ErrBroken)
		}
		return Manifest{}, fmt.Errorf("no snapshot %s in %s: %w", version, s.dir, catalog.ErrNotFound)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w", version, err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w: %w", version, err, ErrBroken)
	}
	if err := m.check(version); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w", version, err)
	}
	return m, nil
}

// readLimited reads a whole file of at most limit bytes.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// Resolve returns the version that begins with prefix. That there is none is an
// error that wraps [catalog.ErrNotFound] and says what became of it, if that is
// known; that there are several wraps [catalog.ErrInvalid].
func (s *Shelf) Resolve(prefix string) (string, error) {
	if prefix == "" || len(prefix) > versionDigits || !hexDigits(prefix) {
		return "", fmt.Errorf("data version %q, want the first of its %d hex digits: %w", prefix, versionDigits, catalog.ErrInvalid)
	}
	versions, err := s.Versions()
	if err != nil {
		return "", err
	}
	var found []string
	for _, v := range versions {
		if strings.HasPrefix(v, prefix) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", s.notFound(prefix)
	}
	return "", fmt.Errorf("data version %s is one of %s, want more digits: %w", prefix, strings.Join(found, ", "), catalog.ErrInvalid)
}

func (s *Shelf) notFound(prefix string) error {
	list, _, err := s.List()
	if err != nil {
		return err
	}
	for _, m := range list {
		if slices.ContainsFunc(m.Replaces, func(v string) bool { return strings.HasPrefix(v, prefix) }) {
			return fmt.Errorf("data version %s was written anew as %s when a person was forgotten; use that: %w", prefix, m.Version, catalog.ErrNotFound)
		}
	}
	return fmt.Errorf("no data version %s in %s; \"marquee data list\" shows those that are there: %w", prefix, s.dir, catalog.ErrNotFound)
}

// change runs work while no other process changes the shelf. What a killed one
// left behind goes first: it may hold people who shall be forgotten.
func (s *Shelf) change(ctx context.Context, work func() error) error {
	unlock, err := s.disk.Lock(ctx, filepath.Join(s.dir, lockName))
	if err != nil {
		return fmt.Errorf("lock the folder of snapshots: %w", err)
	}
	defer unlock()
	if err := s.sweep(); err != nil {
		return err
	}
	return work()
}

func (s *Shelf) sweep() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("sweep snapshots: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), draftPattern) && !strings.HasPrefix(e.Name(), gonePattern) {
			continue
		}
		if err := s.disk.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return fmt.Errorf("sweep %s: %w", e.Name(), err)
		}
	}
	return nil
}

// remove deletes a version, of which nothing is to be seen from the first step
// on. Without the folder it does nothing.
func (s *Shelf) remove(version string) error {
	gone := filepath.Join(s.dir, gonePattern+version)
	err := s.disk.Rename(s.Dir(version), gone)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.disk.SyncDir(s.dir)
	}
	if err == nil {
		err = s.disk.RemoveAll(gone)
	}
	if err == nil {
		err = s.disk.SyncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("delete snapshot %s: %w", version, err)
	}
	return nil
}
