package main

import (
	"context"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/experiment"
)

type experimentStartCmd struct {
	Name string `arg:"" help:"Name of the experiment: a-z, 0-9 and -."`
	experimentFlags
}

// Help is shown below the flags.
func (experimentStartCmd) Help() string {
	return `Examples:
  marquee experiment start als-or-blend --arm control --arm als:model=als
  marquee experiment start diverse --arm control --arm diverse:diversity=0.2 --share 20% --until 14d
  marquee experiment start three --arm control --arm a:model=als --arm b:model=ease --weight control=2 --dry-run
  marquee experiment start quieter --layer looks --arm control --arm quieter:popularity=-0.1,explore=0.05
  marquee experiment start ease-beside --mode shadow --arm control --arm ease:model=ease
  marquee experiment start head-to-head --mode interleave --arm als:model=als --arm ease:model=ease --override 7=ease

A person's arm is drawn by a hash of their id, so that it stays the same on every server and
after every restart, and no table of people is kept. The place in the layer says whether
somebody takes part (--from, --share), the salt which arm they get. Experiments of one layer
share nobody; those of two layers meet by chance alone, so that one that changes the model
and one that changes the looks can run on the same people. Two that set the same (both a
model, or both the same knob) belong into one layer, with shares that fit: who were in both
would get what one of them says. A note tells of those.

Names of models are held against the live bundle, names and ranges of knobs against those
that there are. Where a later bundle lacks a model, its arm gets the default, which is
counted (marquee_experiment_unknown_arm_total). The knob rotate wants servers that remember
what they showed (marquee serve --remember-shown 50): on others its arm is as without it, and
their log says so.

What is served is kept with the names of experiment and arm: "marquee experiment status" shows
how many people each arm has. Exit status 4 if others leave no room.`
}

// Run starts.
func (c experimentStartCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	x, err := c.define(c.Name, time.Now(), all)
	if err != nil {
		return err
	}
	if err := e.checkExperiment(x, all); err != nil {
		return err
	}
	return e.begin(ctx, store, x, all, c.experimentFlags)
}

// begin stores an experiment, or shows what it would do.
func (e *env) begin(ctx context.Context, store *sqlstore.Store, x catalog.Experiment, others []catalog.Experiment, f experimentFlags) (err error) {
	out := startedExperiment{Experiment: x, State: stateOf(x, time.Now()), DryRun: f.DryRun, Clashes: experiment.Clashes(x, others)}
	if f.DryRun {
		if out.Sample, err = sampleOf(ctx, store, x, others, f.Sample); err != nil {
			return err
		}
		return e.print(out, out.text)
	}
	if out.Sequence, err = store.PutExperiment(ctx, x); err != nil {
		return err
	}
	return e.print(out, out.text)
}

// sampleOf assigns people of the store as x would beside others.
func sampleOf(ctx context.Context, store *sqlstore.Store, x catalog.Experiment, others []catalog.Experiment, most int) (*experimentSample, error) {
	if most < 1 {
		return nil, usage("--sample is %d, want 1 or more", most)
	}
	set, err := experiment.NewSet(append(except(others, x.Name), x))
	if set == nil {
		return nil, err
	}
	s := &experimentSample{Arms: make([]sampleArm, len(x.Arms))}
	for i, a := range x.Arms {
		s.Arms[i].Arm = a.Name
	}
	take := func(u catalog.UserID) {
		s.People++
		arms := experiment.ArmsOf(set.Assign(u, x.Start).Label, x.Name)
		if len(arms) == 0 {
			s.Others++
		}
		for _, arm := range arms {
			for i := range s.Arms {
				if s.Arms[i].Arm == arm {
					s.Arms[i].People++
				}
			}
		}
	}
	for u, err := range store.Users(ctx) {
		if err != nil {
			return nil, err
		}
		if take(u.ID); s.People >= most {
			break
		}
	}
	if s.People == 0 {
		s.Generated = true
		for i := range most {
			take(catalog.UserID(fmt.Sprint(i + 1)))
		}
	}
	return s, nil
}

type experimentScheduleCmd struct {
	Name string `arg:"" help:"Name of the experiment."`
	At   string `help:"When it starts: a time, or a span from now such as 36h. Of one that runs already only the end can change." env:"-" placeholder:"TIME"`
	experimentFlags
}

// Help is shown below the flags.
func (experimentScheduleCmd) Help() string {
	return `Examples:
  marquee experiment schedule als-or-blend --at 2027-01-04T06:00:00Z --until 28d --arm control --arm als:model=als
  marquee experiment schedule als-or-blend --at 36h
  marquee experiment schedule als-or-blend --until 2027-02-01

With --arm it plans a new experiment, as "marquee experiment start" would. Without, it changes when
one that is there starts, if it has not, and ends, if it has not. A span of --until counts
from its start.`
}

// Run plans a new experiment, or changes the times of one.
func (c experimentScheduleCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now().UTC().Truncate(time.Microsecond)
	start, err := c.start(now)
	if err != nil {
		return err
	}
	if len(c.Arm) == 0 {
		x, err := c.move(all, start, now)
		if err != nil {
			return err
		}
		if err := e.checkExperiment(x, except(all, x.Name)); err != nil {
			return err
		}
		return e.begin(ctx, store, x, all, c.experimentFlags)
	}
	if start.IsZero() {
		return usage("an experiment to plan wants --at TIME, when it starts; \"marquee experiment start\" starts one now")
	}
	x, err := c.define(c.Name, start, all)
	if err != nil {
		return err
	}
	if err := e.checkExperiment(x, all); err != nil {
		return err
	}
	return e.begin(ctx, store, x, all, c.experimentFlags)
}

// start returns when the experiment is to start; the zero time if that was not said.
func (c experimentScheduleCmd) start(now time.Time) (time.Time, error) {
	if c.At == "" {
		return time.Time{}, nil
	}
	var span timeSpan
	if span.UnmarshalText([]byte(c.At)) == nil {
		return now.Add(time.Duration(span)), nil
	}
	at, ok := parseMoment(c.At)
	if !ok {
		return at, usage("--at is %q, want a time such as 2027-01-04T06:00:00Z, or a span from now such as 36h", c.At)
	}
	if at.Before(now) {
		return at, usage("--at is %s, which is over; lists that were served cannot join an experiment", at.Format(time.RFC3339))
	}
	return at, nil
}

// move returns the experiment that is there with other times.
func (c experimentScheduleCmd) move(all []catalog.Experiment, start, now time.Time) (catalog.Experiment, error) {
	x, err := findExperiment(all, c.Name)
	if err != nil {
		return x, fmt.Errorf("%w; a new one wants --arm", err)
	}
	if start.IsZero() && c.Until == "" {
		return x, usage("nothing to change: want --at or --until, or --arm for a new experiment")
	}
	state := stateOf(x, now)
	if state == stateStopped || state == stateEnded {
		return x, fmt.Errorf("experiment %q is over (%s); start another: %w", x.Name, state, errRefused)
	}
	if !start.IsZero() {
		if state != stateScheduled {
			return x, fmt.Errorf("experiment %q runs since %s; only its end can change: %w", x.Name, x.Start.Format(time.RFC3339), errRefused)
		}
		if !x.End.IsZero() && c.Until == "" {
			x.End = start.Add(x.End.Sub(x.Start)) // as long as before
		}
		x.Start = start
	}
	if c.Until != "" {
		if x.End, err = parseUntil(c.Until, x.Start); err != nil {
			return x, err
		}
		if !x.End.After(now) {
			return x, usage("--until is %s, which is over; \"marquee experiment stop\" ends it now", x.End.Format(time.RFC3339))
		}
	}
	return x, nil
}
