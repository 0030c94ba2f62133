package bundle

import (
	"context"
	"errors"
	"fmt"

	"marquee/catalog"
)

// discardedPrefix begins the names of bundles that are being discarded.
const discardedPrefix = draftPattern + "discarded-"

// Discard takes a bundle from the shelf that was only needed on the way to another. What
// was laid over it keeps its files. The live bundle stays, and the error wraps
// [catalog.ErrInvalid]; of a bundle that is not there it wraps [catalog.ErrNotFound].
func (s *Shelf) Discard(ctx context.Context, id string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.Manifest(id); err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	j, err := s.journal()
	switch {
	case j.Live() == id:
		return fmt.Errorf("discard bundle %s: it is live; publish another one first: %w", id, catalog.ErrInvalid)
	case len(j) == 0 && err != nil && !errors.Is(err, catalog.ErrNotFound):
		return fmt.Errorf("discard bundle %s: which one is live is not known: %w", id, err)
	}
	if err := s.remove(id, discardedPrefix); err != nil {
		return fmt.Errorf("discard bundle %s: %w", id, err)
	}
	return nil
}
