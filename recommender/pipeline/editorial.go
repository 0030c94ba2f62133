package pipeline

import (
	"context"
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// An Editorial is what editors said of the lists: which movies are not to be shown, and
// which neighbours stand first or never.
type Editorial struct {
	Hidden      []catalog.MovieID    // ascending; nil for none
	Corrections []catalog.Correction // by movie, then by other; nil for none
}

// sameAs reports whether b has e. Without one, what b has stays.
func (e *Editorial) sameAs(b *bundle.Bundle) bool {
	return e == nil || slices.Equal(e.Hidden, b.Hidden) && slices.EqualFunc(e.Corrections, b.Corrections, func(x, y catalog.Correction) bool {
		return x.Movie == y.Movie && x.Other == y.Other && x.Kind == y.Kind
	})
}

// readEditorial returns what store holds of that, and whether it keeps such a thing. A
// store of facts alone, such as a snapshot, does not.
func readEditorial(ctx context.Context, store any) (e Editorial, known bool, err error) {
	if s, ok := store.(interface {
		Hidden(ctx context.Context) ([]catalog.Hidden, error)
	}); ok {
		known = true
		hidden, err := s.Hidden(ctx)
		if err != nil {
			return e, false, fmt.Errorf("read hidden movies: %w", err)
		}
		for _, h := range hidden {
			e.Hidden = append(e.Hidden, h.Movie)
		}
	}
	if s, ok := store.(interface {
		Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error)
	}); ok {
		known = true
		corrections, err := s.Corrections(ctx, "")
		if err != nil {
			return e, false, fmt.Errorf("read corrections of neighbours: %w", err)
		}
		e.Corrections = corrections
	}
	return e, known, nil
}
