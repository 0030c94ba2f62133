package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"marquee/catalog"
	"marquee/catalog/durable"
)

const (
	draftPattern = ".draft-"
	// manifestLimit bounds the manifest that is read, in bytes.
	manifestLimit = 1 << 20
)

// A Shelf is the directory in which bundles stand.
type Shelf struct {
	dir  string
	disk disk
}

// OpenShelf returns the shelf in dir, which it makes if need be.
func OpenShelf(dir string) (*Shelf, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of bundles: %w", err)
	}
	return &Shelf{dir: dir, disk: osDisk{}}, nil
}

// lockName is the file that one process at a time locks to write a bundle.
const lockName = ".lock"

// lock waits until no other process writes a bundle.
func (s *Shelf) lock(ctx context.Context) (unlock func(), err error) {
	unlock, err = durable.Lock(ctx, filepath.Join(s.dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("lock the folder of bundles: %w", err)
	}
	return unlock, nil
}

// Dir returns the directory of the bundle id.
func (s *Shelf) Dir(id string) string { return filepath.Join(s.dir, id) }

// Put writes b and returns its manifest with ID and files filled in. It does not
// make it live. A bundle that stands on the shelf already is left as it is; one
// whose models, lists or default arm are not those of its manifest is an error that
// wraps [catalog.ErrInvalid].
//
// A bundle with a patch is written as one, its build as it was: models and lists may
// be others than it was read with, and so may histories and what editors say, but
// not what the patch is laid over.
func (s *Shelf) Put(ctx context.Context, b *Bundle) (Manifest, error) {
	if err := b.checkModels(); err != nil {
		return Manifest{}, err
	}
	if err := b.unchanged(); err != nil {
		return Manifest{}, err
	}
	if err := (editorial{b.Hidden, b.Corrections}).check(); err != nil {
		return Manifest{}, err
	}
	m := b.Manifest
	m.Format, m.Models, m.Later, m.Prior = Format, b.withRows(), nil, b.Stats.Prior
	if b.laid != nil {
		m.Later, m.Prior = &b.laid.counts, b.laid.build.Stats.Prior
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return Manifest{}, err
	}
	defer unlock()
	return s.write(ctx, m, b.contents())
}

// write shelves the bundle of m with these files, and returns its manifest with ID
// and files filled in, or that of the same bundle if it stands there. The caller
// holds the lock.
func (s *Shelf) write(ctx context.Context, m Manifest, contents []content) (Manifest, error) {
	m.Files = nil
	draft, err := s.disk.MkdirTemp(s.dir, draftPattern)
	if err != nil {
		return Manifest{}, fmt.Errorf("begin bundle: %w", err)
	}
	defer func() { _ = s.disk.RemoveAll(draft) }() // renamed away by then, or rubbish
	for _, c := range contents {
		if err := ctx.Err(); err != nil {
			return Manifest{}, err
		}
		f, err := s.fill(draft, c)
		if err != nil {
			return Manifest{}, err
		}
		m.Files = append(m.Files, f)
	}
	if m.ID, err = m.digest(); err != nil {
		return Manifest{}, err
	}
	if m.Sum, err = m.sum(); err != nil {
		return Manifest{}, err
	}
	if old, whole, err := s.standing(m.ID); whole || err != nil {
		return old, err
	}
	return m, s.shelve(draft, m)
}

// fill writes one file of a draft.
func (s *Shelf) fill(draft string, c content) (File, error) {
	if c.data == nil {
		if err := s.link(c, draft); err != nil {
			return File{}, fmt.Errorf("link %s: %w", c.name, err)
		}
		return c.file, nil
	}
	data, err := c.data()
	if err != nil {
		return File{}, fmt.Errorf("encode %s: %w", c.name, err)
	}
	if err := s.disk.WriteFile(filepath.Join(draft, c.name), data); err != nil {
		return File{}, fmt.Errorf("write %s: %w", c.name, err)
	}
	sum := sha256.Sum256(data)
	return File{Name: c.name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}, nil
}

// standing returns the manifest of id if it stands whole on the shelf. What cannot
// be read for another reason than being broken or absent is an error: it must not
// be replaced.
func (s *Shelf) standing(id string) (m Manifest, whole bool, err error) {
	m, err = s.Manifest(id)
	if err == nil {
		err = s.verifyFiles(m)
	}
	if isBroken(err) {
		return Manifest{}, false, nil
	}
	return m, err == nil, err
}

// shelve writes the manifest, last of all, and moves the draft to its place.
func (s *Shelf) shelve(draft string, m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	if err := s.disk.WriteFile(filepath.Join(draft, fileManifest), append(text, '\n')); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	if err := s.disk.SyncDir(draft); err != nil {
		return fmt.Errorf("sync bundle: %w", err)
	}
	if _, whole, err := s.standing(m.ID); whole || err != nil {
		return err // another build of the same was quicker
	}
	// What stands in the place by now is a broken bundle of the same ID. It moves
	// aside, so that the place is empty for a moment only.
	aside := draft + "-broken"
	if err := s.disk.Rename(s.Dir(m.ID), aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("move broken bundle %s aside: %w", m.ID, err)
	}
	defer func() { _ = s.disk.RemoveAll(aside) }()
	if err := s.disk.Rename(draft, s.Dir(m.ID)); err != nil {
		return fmt.Errorf("shelve bundle %s: %w", m.ID, err)
	}
	if err := s.disk.SyncDir(s.dir); err != nil {
		return fmt.Errorf("sync folder of bundles: %w", err)
	}
	return nil
}

// Manifest returns the manifest of id after checking that it is whole.
func (s *Shelf) Manifest(id string) (Manifest, error) {
	if !ValidID(id) {
		return Manifest{}, fmt.Errorf("bundle ID %q, want 16 hex digits: %w", id, catalog.ErrInvalid)
	}
	text, err := readLimited(filepath.Join(s.Dir(id), fileManifest), manifestLimit)
	if errors.Is(err, os.ErrNotExist) {
		return Manifest{}, fmt.Errorf("bundle %s in %s: %w", id, s.dir, catalog.ErrNotFound)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w", id, err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w: %w", id, err, ErrBroken)
	}
	if err := m.check(id); err != nil {
		return Manifest{}, fmt.Errorf("manifest of %s: %w", id, err)
	}
	return m, nil
}

// ids returns the names of all folders that could hold a bundle, ascending.
func (s *Shelf) ids() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if ValidID(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// isBroken reports an error about a bundle that cannot be read and never will.
func isBroken(err error) bool {
	return errors.Is(err, ErrBroken) || errors.Is(err, catalog.ErrNotFound)
}
