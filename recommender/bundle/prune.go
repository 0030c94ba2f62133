package bundle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// draftAge is when what a killed build left behind is swept away: no build that
// still runs is this old.
const draftAge = 24 * time.Hour

// List returns the manifests of all whole bundles, newest first.
func (s *Shelf) List() ([]Manifest, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var list []Manifest
	for _, id := range ids {
		if m, err := s.Manifest(id); err == nil {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b Manifest) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// Sweep removes what builds that were killed left behind, and returns how many.
func (s *Shelf) Sweep(now time.Time) (int, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, fmt.Errorf("sweep bundles: %w", err)
	}
	swept := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), draftPattern) || now.Sub(info.ModTime()) < draftAge {
			continue
		}
		if err := s.disk.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return swept, fmt.Errorf("sweep %s: %w", e.Name(), err)
		}
		swept++
	}
	return swept, nil
}
