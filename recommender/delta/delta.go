package delta

import (
	"context"
	"fmt"

	"marquee/recommender/bundle"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// An Added is a movie that was added to the catalog, or edited, after a bundle was
// built.
type Added = overlay.Added

// A Delta is a bundle and what changed after it. Nothing writes to one once it is
// made.
type Delta struct {
	Base *bundle.Bundle
	*overlay.State
}

// New returns the delta of base without a change. It takes O(movies).
func New(base *bundle.Bundle) (*Delta, error) {
	snap, err := base.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", base.Manifest.ID, err)
	}
	state, err := overlay.New(snap, base.Vectors, base.Manifest.Embedder.Dims, base.Index)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", base.Manifest.ID, err)
	}
	return &Delta{base, state}, nil
}

// Extend returns the snapshot of base with added.
func Extend(ctx context.Context, base *bundle.Bundle, added []Added) (*rank.Snapshot, error) {
	d, err := New(base)
	if err != nil {
		return nil, err
	}
	d, err = d.With(ctx, added)
	if err != nil {
		return nil, err
	}
	return d.Snapshot, nil
}

// With returns d with added: see [overlay.State.With]. If nothing changes it returns d.
func (d *Delta) With(ctx context.Context, added []Added) (*Delta, error) {
	next, err := d.State.With(ctx, added)
	switch {
	case err != nil:
		return nil, fmt.Errorf("bundle %s: %w", d.Base.Manifest.ID, err)
	case next == d.State:
		return d, nil
	}
	return &Delta{d.Base, next}, nil
}
