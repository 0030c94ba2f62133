package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/experiment"
)

type experimentCmd struct {
	Start    experimentStartCmd    `cmd:"" help:"Start an experiment on every server, within a second or two."`
	Schedule experimentScheduleCmd `cmd:"" help:"Start an experiment later, or change when one starts and ends."`
	Stop     experimentStopCmd     `cmd:"" help:"Stop an experiment: everybody gets the default again."`
	Status   experimentStatusCmd   `cmd:"" help:"Show who is in which arm, by the lists that were served so far."`
	List     experimentListCmd     `cmd:"" help:"List all experiments, those that are over included."`
	Analyse  experimentAnalyseCmd  `cmd:"" help:"Judge an experiment: what people did, by arm, at any day; a page with charts."`
	Holdback experimentHoldbackCmd `cmd:"" help:"Keep a share of the people out of all experiments."`
}

// The states of an experiment.
const (
	stateScheduled = "scheduled"
	stateRunning   = "running"
	stateEnded     = "ended"
	stateStopped   = "stopped"
)

// stateOf returns the state of an experiment at a time.
func stateOf(x catalog.Experiment, at time.Time) string {
	switch {
	case !x.Stopped.IsZero() && !at.Before(x.Stopped):
		return stateStopped
	case !x.End.IsZero() && !at.Before(x.End):
		return stateEnded
	case at.Before(x.Start):
		return stateScheduled
	}
	return stateRunning
}

// findExperiment returns the experiment of a name. One that is none is an error that
// wraps [catalog.ErrNotFound] and names those that are like it.
func findExperiment(all []catalog.Experiment, name string) (catalog.Experiment, error) {
	like := guesses[string]{want: name, most: 3}
	for _, x := range all {
		if x.Name == name {
			return x, nil
		}
		like.offer(x.Name, x.Name)
	}
	var hint []string
	for _, g := range like.list {
		hint = append(hint, g.value)
	}
	say := "\"marquee experiment list\" shows all"
	if len(hint) > 0 {
		say = "did you mean " + strings.Join(hint, " or ") + "?"
	}
	return catalog.Experiment{}, fmt.Errorf("no experiment %q; %s: %w", name, say, catalog.ErrNotFound)
}

// except returns all but the experiment of a name.
func except(all []catalog.Experiment, name string) []catalog.Experiment {
	return slices.DeleteFunc(slices.Clone(all), func(x catalog.Experiment) bool { return x.Name == name })
}

// checkExperiment refuses what may not run beside others, and arms of models that the
// live bundle does not have.
func (e *env) checkExperiment(x catalog.Experiment, others []catalog.Experiment) error {
	switch err := experiment.Check(x, others); {
	case errors.Is(err, experiment.ErrTaken):
		return fmt.Errorf("%w: %w", err, errRefused)
	case errors.Is(err, catalog.ErrInvalid):
		return wrapUsage(err)
	case err != nil:
		return err
	}
	return e.checkArms(x)
}

// checkArms refuses models that the live bundle does not have.
func (e *env) checkArms(x catalog.Experiment) error {
	if !slices.ContainsFunc(x.Arms, func(a catalog.ExperimentArm) bool { return a.Model != "" }) {
		return nil
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	live, err := shelf.Live()
	if err != nil {
		return fmt.Errorf("experiment %q names models, which are held against the live bundle: %w", x.Name, err)
	}
	m, err := shelf.Manifest(live)
	if err != nil {
		return err
	}
	names := armNames(m)
	for _, a := range x.Arms {
		if a.Model != "" && !slices.Contains(names, a.Model) {
			return usage("arm %s: model %q is none of the live bundle %s, which has %s; build one with it (\"marquee build --models\"), or choose one of these", a.Name, a.Model, live, strings.Join(names, ", "))
		}
	}
	return nil
}

// experiments opens the store and reads all experiments.
func (e *env) experiments(ctx context.Context) (store *sqlstore.Store, all []catalog.Experiment, err error) {
	if store, err = e.openStore(ctx, false); err != nil {
		return nil, nil, err
	}
	if all, err = store.Experiments(ctx); err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, all, nil
}

// spanOf writes the part of a layer that an experiment takes.
func spanOf(x catalog.Experiment) string {
	return fmt.Sprintf("%.4g%% to %.4g%%", 100*x.From, 100*x.To)
}

// armsOf writes the arms of an experiment, each with its share.
func armsOf(x catalog.Experiment) string {
	total := 0.0
	for _, a := range x.Arms {
		total += a.Weight
	}
	parts := make([]string, len(x.Arms))
	for i, a := range x.Arms {
		parts[i] = a.Name
		if x.Mode == catalog.ExperimentSplit {
			parts[i] += fmt.Sprintf(" %.4g%%", 100*a.Weight/total)
		}
	}
	return strings.Join(parts, ", ")
}
