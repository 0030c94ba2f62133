package main

import (
	"context"
	"fmt"
	"io"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

type storeCmd struct {
	Show  storeShowCmd  `cmd:"" help:"Show how much the store holds."`
	Prune storePruneCmd `cmd:"" help:"Remove what is older than it may get, or more than it may be."`
	Scale storeScaleCmd `cmd:"" help:"Set the range of ratings, such as 1..5/1."`
}

type storeShowCmd struct{}

// Help is shown below the flags.
func (storeShowCmd) Help() string {
	return `Examples:
  marquee store show
  marquee store show --output json`
}

// A shownStore is the result of store show.
type shownStore struct {
	Store  string         `json:"store"` // without credentials
	Kind   string         `json:"kind"`
	Scale  catalog.Scale  `json:"rating_scale"`
	Counts catalog.Counts `json:"counts"`
}

// Run shows counts and settings.
func (storeShowCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	s := shownStore{Store: sqlstore.Redact(e.cli.Store), Kind: store.Kind()}
	if s.Scale, err = store.Scale(ctx); err != nil {
		return err
	}
	if s.Counts, err = store.Counts(ctx); err != nil {
		return err
	}
	return e.print(s, func(w io.Writer) {
		columns(w,
			[]string{"store", s.Store + " (" + s.Kind + ")"},
			[]string{"rating scale", s.Scale.String()},
			[]string{"movies", fmt.Sprint(s.Counts.Movies)},
			[]string{"people", fmt.Sprint(s.Counts.Users)},
			[]string{"ratings", fmt.Sprint(s.Counts.Ratings)},
			[]string{"watches", fmt.Sprint(s.Counts.Watches)},
			[]string{"quarantined", fmt.Sprint(s.Counts.Quarantined)},
			[]string{"vectors", fmt.Sprint(s.Counts.Vectors)},
			[]string{"served lists", fmt.Sprint(s.Counts.Exposures)},
			[]string{"feedback", fmt.Sprint(s.Counts.Feedback)},
			[]string{"opinions", fmt.Sprint(s.Counts.Opinions)},
			[]string{"preferences", fmt.Sprint(s.Counts.Preferences)},
			[]string{"experiments", fmt.Sprint(s.Counts.Experiments)},
			[]string{"changes", fmt.Sprint(s.Counts.Changes)},
			[]string{"forgotten people", fmt.Sprint(s.Counts.Tombstones)},
		)
	})
}

type storeScaleCmd struct {
	Scale string `arg:"" help:"min..max/step: 0.5..5/0.5 (MovieLens), 1..5/1 (edition 2025), 1..10/1 (edition 2026)."`
}

// Help is shown below the flags.
func (storeScaleCmd) Help() string {
	return `Examples:
  marquee store scale 1..10/1      edition 2026
  marquee store scale 0.5..5/0.5   MovieLens`
}

// Run sets the scale of a store that has no ratings off it.
func (c storeScaleCmd) Run(ctx context.Context, e *env) error {
	scale, err := catalog.ParseScale(c.Scale)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	store, err := e.openStore(ctx, true)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.SetScale(ctx, scale); err != nil {
		return err
	}
	return e.print(map[string]any{"rating_scale": scale}, func(w io.Writer) { fmt.Fprintf(w, "rating scale is %s\n", scale) })
}
