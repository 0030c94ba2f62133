package model

import "context"

// An Explainer is an [Asked] of a composite, which can say how it came by its scores.
type Explainer interface {
	Asked

	// Explain writes to parts, [len(Parts())], what each part contributed to the at-th
	// score that the last ScoreRows wrote: they add up to it, or are all NaN. It takes
	// time proportional to the parts.
	Explain(at int, parts []float32)
}

// A Scaled model's scores stand on one scale for everybody: 0 is what the model gives the
// mean movie, and x one that lies sinh(x) deviations above it. Scores of any other model
// are put there by the moments of all of them.
type Scaled interface {
	Model

	// Scaled does nothing: who has it promises the above.
	Scaled()
}

// A Preparer is a model that can do work once, when a bundle is built, so that each
// answer takes less.
type Preparer interface {
	Model

	// Prepare returns the model that is to be kept in the receiver's place: its scores are
	// the same. It ends early, with an error, when ctx does.
	Prepare(ctx context.Context, progress Progress) (Model, error)
}
