package experiment

import (
	"fmt"
	"time"

	"marquee/catalog"
)

// Holdback is the name of the experiment, and of its layer, that keeps a share of the
// people out of all others. Those of its first arm, [Held], get what everybody would
// get without experiments; to hold them against the others, [Open], is to judge all
// experiments together.
const Holdback = "holdback"

// The arms of the holdback.
const (
	Held = "held"
	Open = "open"
)

// MaxHoldback is the largest share that can be held back.
const MaxHoldback = 0.5

// NewHoldback returns the experiment that holds a share of the people back from start
// on. Who is held at one share is held at every larger one. A share that is not above 0
// and at most [MaxHoldback] is an error that wraps [catalog.ErrInvalid].
func NewHoldback(share float64, start time.Time) (catalog.Experiment, error) {
	if !(share > 0 && share <= MaxHoldback) {
		return catalog.Experiment{}, fmt.Errorf("share held back is %v, want more than 0 and at most %v: %w", share, MaxHoldback, catalog.ErrInvalid)
	}
	return catalog.Experiment{
		Name: Holdback, Layer: Holdback, Mode: catalog.ExperimentSplit, Salt: Holdback, From: 0, To: 1, Start: start,
		Arms: []catalog.ExperimentArm{{Name: Held, Weight: share}, {Name: Open, Weight: 1 - share}},
	}, nil
}
