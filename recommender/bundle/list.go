package bundle

import (
	"slices"
	"strings"
)

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
