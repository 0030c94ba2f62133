package delta

import (
	"context"
	"fmt"

	"marquee/catalog"
	"marquee/recommender"
)

// editorial reports whether a change is of what editors say.
func editorial(c catalog.Change) bool {
	return c.Kind == catalog.ChangeHide || c.Kind == catalog.ChangeUnhide || c.Kind == catalog.ChangeCorrect
}

// readEditorial lays on what editors say by now.
func (f *Follower) readEditorial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	hidden, err := f.store.Hidden(ctx)
	if err != nil {
		return fmt.Errorf("read hidden movies: %w", err)
	}
	var e recommender.Editorial
	for _, h := range hidden {
		e.Hidden = append(e.Hidden, h.Movie)
	}
	if e.Corrections, err = f.store.Corrections(ctx, ""); err != nil {
		return fmt.Errorf("read corrections of neighbours: %w", err)
	}
	state, err := e.On(f.state)
	if err != nil {
		return err
	}
	f.state = state
	f.service.SetEditorial(e)
	return nil
}
