package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

type experimentStopCmd struct {
	Name string `arg:"" help:"Name of the experiment."`
	Why  string `help:"Why, for whoever asks later." env:"-" placeholder:"TEXT"`
}

// Help is shown below the flags.
func (experimentStopCmd) Help() string {
	return `Examples:
  marquee experiment stop als-or-blend --why "ALS won"
  marquee experiment stop holdback

Everybody gets the default again within a second or two. What was served stays, and can be
judged. A name is not used again: lists that were served would count for both.`
}

// Run stops.
func (c experimentStopCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	x, err := findExperiment(all, c.Name)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	if state := stateOf(x, now); state == stateStopped || state == stateEnded {
		return fmt.Errorf("experiment %q is over already (%s): %w", x.Name, state, errRefused)
	}
	x.Stopped = now
	if c.Why != "" {
		x.Note = strings.TrimPrefix(x.Note+"\nstopped: "+c.Why, "\n")
	}
	out := startedExperiment{Experiment: x, State: stateStopped}
	if out.Sequence, err = store.PutExperiment(ctx, x); err != nil {
		return err
	}
	return e.print(out, out.text)
}

type experimentHoldbackCmd struct {
	Share portion `arg:"" help:"Share of the people who are in no experiment, at most 50%; 0 ends the holdback."`
	Note  string  `help:"Why, for whoever asks later." env:"-" placeholder:"TEXT"`
}

// Help is shown below the flags.
func (experimentHoldbackCmd) Help() string {
	return `Examples:
  marquee experiment holdback 5%
  marquee experiment holdback 10% --note "a year without experiments for one in ten"
  marquee experiment holdback 0

A share of the people, the same in all layers, is kept out of every experiment: they get what
everybody would get without any. It is itself an experiment named holdback, whose arms
are held and open, so that what all experiments did together can be judged. Who is held at
5% is held at 10% too. A change begins it anew.`
}

// Run holds people back.
func (c experimentHoldbackCmd) Run(ctx context.Context, e *env) error {
	if c.Share == 0 {
		return experimentStopCmd{Name: experiment.Holdback, Why: c.Note}.Run(ctx, e)
	}
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now().UTC().Truncate(time.Microsecond)
	x, err := experiment.NewHoldback(float64(c.Share), now)
	if err != nil {
		return wrapUsage(err)
	}
	x.Note = c.Note
	others := except(all, experiment.Holdback)
	if old, err := findExperiment(all, experiment.Holdback); err == nil && stateOf(old, now) == stateRunning && sameShares(old, x) {
		return fmt.Errorf("%s of the people are held back already, since %s: %w", armsOf(old), old.Start.Format(time.RFC3339), errRefused)
	}
	if err := e.checkExperiment(x, others); err != nil {
		return err
	}
	return e.begin(ctx, store, x, others, experimentFlags{})
}

// sameShares reports whether the arms of two experiments have the same weights.
func sameShares(a, b catalog.Experiment) bool { return armsOf(a) == armsOf(b) }
