package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"marquee/catalog"
)

// pointerName is the file that says which bundle is live.
const pointerName = "live"

// Publish makes id the live bundle. Servers that follow the shelf swap to it.
func (s *Shelf) Publish(id string) error {
	m, err := s.Manifest(id)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := s.verifyFiles(m); err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	next, err := s.disk.MkdirTemp(s.dir, draftPattern)
	if err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	defer func() { _ = s.disk.RemoveAll(next) }()
	pointer := filepath.Join(next, pointerName)
	if err := s.disk.WriteFile(pointer, []byte(id+"\n")); err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	if err := s.disk.Rename(pointer, filepath.Join(s.dir, pointerName)); err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	if err := s.disk.SyncDir(s.dir); err != nil {
		return fmt.Errorf("publish %s: %w", id, err)
	}
	return nil
}

// Live returns the ID of the live bundle. Without one the error wraps
// [catalog.ErrNotFound].
func (s *Shelf) Live() (string, error) {
	text, err := readLimited(filepath.Join(s.dir, pointerName), 100)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no live bundle in %s; run \"marquee build\": %w", s.dir, catalog.ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("live bundle: %w", err)
	}
	id := strings.TrimSpace(string(text))
	if !ValidID(id) {
		return "", fmt.Errorf("%s holds %q, want the ID of a bundle; run \"marquee build\" to write it anew: %w", filepath.Join(s.dir, pointerName), id, ErrBroken)
	}
	return id, nil
}
