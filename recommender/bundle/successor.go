package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"marquee/catalog"
)

// predecessorsKept is how many of the bundles that one replaced its manifest names.
const predecessorsKept = 1000

// predecessors returns what the bundle that replaces m is to name as replaced before m,
// newest first.
func (m Manifest) predecessors() []string {
	if m.Replaces == "" {
		return nil
	}
	all := append([]string{m.Replaces}, m.Predecessors...)
	return all[:min(len(all), predecessorsKept)]
}

// replaced reports whether m took the place of the bundle id, if perhaps with others
// between the two.
func (m Manifest) replaced(id string) bool {
	return m.Replaces != "" && (m.Replaces == id || slices.Contains(m.Predecessors, id))
}

// Successor returns the ID of the bundle that has the place of the bundle id by now: id
// itself while it is on the shelf, else the one that [Shelf.Forget] replaced it by, in
// as many steps as there were, which has the same movies, neighbours and models. If
// neither is on the shelf the error wraps [catalog.ErrNotFound].
func (s *Shelf) Successor(id string) (string, error) {
	_, err := s.Manifest(id)
	if !errors.Is(err, catalog.ErrNotFound) {
		return id, err
	}
	list, listed := s.List()
	if listed != nil {
		return "", listed
	}
	list = slices.DeleteFunc(list, func(m Manifest) bool { return !m.replaced(id) })
	if len(list) == 0 {
		return "", fmt.Errorf("%w, nor one that replaced it when somebody was forgotten", err)
	}
	// One that was made of the successor, with other models, names what that replaced too.
	return slices.MinFunc(list, func(a, b Manifest) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(len(a.Models), len(b.Models)), cmp.Compare(a.ID, b.ID))
	}).ID, nil
}
