package pipeline

import (
	"context"
	"fmt"

	"marquee/catalog"
)

// An Editorial is what editors said of the lists: which movies are not to be shown, and
// which neighbours stand first or never.
type Editorial struct {
	Hidden      []catalog.MovieID    // ascending; nil for none
	Corrections []catalog.Correction // by movie, then by other; nil for none
}

// readEditorial returns what store holds of that. A store of facts alone, such as a
// snapshot, holds none.
func readEditorial(ctx context.Context, store any) (Editorial, error) {
	var e Editorial
	if s, ok := store.(interface {
		Hidden(ctx context.Context) ([]catalog.Hidden, error)
	}); ok {
		hidden, err := s.Hidden(ctx)
		if err != nil {
			return e, fmt.Errorf("read hidden movies: %w", err)
		}
		for _, h := range hidden {
			e.Hidden = append(e.Hidden, h.Movie)
		}
	}
	if s, ok := store.(interface {
		Corrections(ctx context.Context, movie catalog.MovieID) ([]catalog.Correction, error)
	}); ok {
		corrections, err := s.Corrections(ctx, "")
		if err != nil {
			return e, fmt.Errorf("read corrections of neighbours: %w", err)
		}
		e.Corrections = corrections
	}
	return e, nil
}
