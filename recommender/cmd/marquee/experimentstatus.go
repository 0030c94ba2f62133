package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stats"
	"marquee/recommender/experiment"
)

type experimentStatusCmd struct {
	Name  string   `arg:"" optional:"" help:"Name of the experiment. Default: all that run."`
	Since timeSpan `help:"Lists that were served within this time are counted; 0: all since the start." default:"7d" env:"-" placeholder:"TIME"`
}

// Help is shown below the flags.
func (experimentStatusCmd) Help() string {
	return `Examples:
  marquee experiment status
  marquee experiment status als-or-blend --since 0
  marquee experiment status --output json | jq '.[].arms'

Counts lists that were served, and the people who got them, by arm; "wanted" is the share by
the weights. Lists of /recommend/USER and of batches count, plain or JSON, a second or two
after they were served; those with reasons (explain) do not. People are counted by a hash
of their ids. Testers are counted apart, so that shares can be held against the weights.
How like the served lists those of shadow arms are is told by each server, at
/admin/experiments of its --admin-listen.`
}

// A countedExperiment is an experiment with what was served so far.
type countedExperiment struct {
	Experiment catalog.Experiment `json:"experiment"`
	State      string             `json:"state"`
	Since      time.Time          `json:"since"` // lists from here on are counted
	Arms       []countedArm       `json:"arms"`
	Testers    int                `json:"testers"` // who were served
}

// A countedArm is an arm with what was served of it.
type countedArm struct {
	Arm    string  `json:"arm"`
	Share  float64 `json:"share"`  // that the arm is to have of the people
	People int     `json:"people"` // without testers
	Lists  int     `json:"lists"`

	seen map[uint64]bool // hashes of ids
}

// Run counts.
func (c experimentStatusCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now()
	if c.Name != "" {
		x, err := findExperiment(all, c.Name)
		if err != nil {
			return err
		}
		all = []catalog.Experiment{x}
	} else {
		all = slices.DeleteFunc(all, func(x catalog.Experiment) bool { return stateOf(x, now) != stateRunning })
	}
	counted := make([]countedExperiment, len(all))
	for i, x := range all {
		counted[i] = c.counted(x, now)
	}
	if err := countLists(ctx, store, counted); err != nil {
		return err
	}
	return e.print(counted, func(w io.Writer) {
		if len(counted) == 0 {
			fmt.Fprintln(w, "no experiment runs; \"marquee experiment start\" starts one")
		}
		for i, x := range counted {
			if i > 0 {
				fmt.Fprintln(w)
			}
			x.text(w)
		}
	})
}

// counted returns x with nothing counted yet.
func (c experimentStatusCmd) counted(x catalog.Experiment, now time.Time) countedExperiment {
	out := countedExperiment{Experiment: x, State: stateOf(x, now), Since: x.Start}
	end := now
	for _, t := range []time.Time{x.End, x.Stopped} {
		if !t.IsZero() && t.Before(end) {
			end = t // of what is over the last days count
		}
	}
	if since := end.Add(-time.Duration(c.Since)); c.Since > 0 && since.After(x.Start) {
		out.Since = since
	}
	total := 0.0
	for _, a := range x.Arms {
		total += a.Weight
	}
	for _, a := range x.Arms {
		share := a.Weight / total
		switch {
		case x.Mode == catalog.ExperimentInterleave:
			share = 1
		case x.Mode == catalog.ExperimentShadow && len(out.Arms) > 0:
			share = 0 // served to nobody
		case x.Mode == catalog.ExperimentShadow:
			share = 1
		}
		out.Arms = append(out.Arms, countedArm{Arm: a.Name, Share: share, seen: map[uint64]bool{}})
	}
	return out
}

// countLists counts served lists, in one pass for all experiments.
func countLists(ctx context.Context, store *sqlstore.Store, counted []countedExperiment) error {
	if len(counted) == 0 {
		return nil
	}
	from := counted[0].Since
	for _, x := range counted {
		if x.Since.Before(from) {
			from = x.Since
		}
	}
	testers := make([]map[catalog.UserID]bool, len(counted))
	for exposure, err := range store.Exposures(ctx, from, time.Time{}) {
		if err != nil {
			return err
		}
		for i := range counted {
			x := &counted[i]
			arms := experiment.ArmsOf(exposure.Experiment, x.Experiment.Name)
			if len(arms) == 0 || exposure.At.Before(x.Since) {
				continue
			}
			if _, tester := x.Experiment.Overrides[exposure.User]; tester {
				if testers[i] == nil {
					testers[i] = map[catalog.UserID]bool{}
				}
				testers[i][exposure.User] = true
				x.Testers = len(testers[i])
				continue
			}
			x.count(arms, exposure.User)
		}
	}
	return nil
}

// count counts one list.
func (x *countedExperiment) count(arms []string, u catalog.UserID) {
	for i := range x.Arms {
		a := &x.Arms[i]
		if !slices.Contains(arms, a.Arm) {
			continue
		}
		a.Lists++
		a.seen[stats.Hash(string(u))] = true
		a.People = len(a.seen)
	}
}

func (x countedExperiment) text(w io.Writer) {
	fmt.Fprintf(w, "%s, %s: %s of layer %s, %s since %s\n", x.Experiment.Name, x.State, spanOf(x.Experiment), x.Experiment.Layer, x.Experiment.Mode, x.Experiment.Start.Format(time.RFC3339))
	total := 0
	for _, a := range x.Arms {
		total += a.People
	}
	if x.Experiment.Mode == catalog.ExperimentInterleave {
		total = x.Arms[0].People // everybody has both
	}
	rows := [][]string{{"  arm", "model", "knobs", "people", "share", "wanted", "lists"}}
	for i, a := range x.Arms {
		of := x.Experiment.Arms[i]
		got := ""
		if total > 0 {
			got = fmt.Sprintf("%.2f%%", 100*float64(a.People)/float64(total))
		}
		rows = append(rows, []string{"  " + a.Arm, of.Model, compact(of.Knobs), fmt.Sprint(a.People), got, fmt.Sprintf("%.2f%%", 100*a.Share), fmt.Sprint(a.Lists)})
	}
	columns(w, rows...)
	fmt.Fprintf(w, "  lists since %s; %d testers apart", x.Since.UTC().Format(time.RFC3339), x.Testers)
	if x.Experiment.Note != "" {
		fmt.Fprintf(w, "; %s", strings.ReplaceAll(x.Experiment.Note, "\n", "; "))
	}
	fmt.Fprintln(w)
}

type experimentListCmd struct{}

// Help is shown below the flags.
func (experimentListCmd) Help() string {
	return `Examples:
  marquee experiment list
  marquee experiment list --output json | jq -r '.[] | select(.state == "running").experiment.name'`
}

// A listedExperiment is an experiment with its state.
type listedExperiment struct {
	Experiment catalog.Experiment `json:"experiment"`
	State      string             `json:"state"`
}

// Run lists.
func (experimentListCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	now := time.Now()
	slices.SortStableFunc(all, func(a, b catalog.Experiment) int { return b.Start.Compare(a.Start) })
	listed := make([]listedExperiment, len(all))
	for i, x := range all {
		listed[i] = listedExperiment{x, stateOf(x, now)}
	}
	return e.print(listed, func(w io.Writer) {
		if len(listed) == 0 {
			fmt.Fprintln(w, "there was no experiment yet; \"marquee experiment start\" starts one")
			return
		}
		rows := [][]string{{"experiment", "state", "mode", "layer", "people", "arms", "start", "end", "note"}}
		for _, l := range listed {
			x := l.Experiment
			end := x.End
			if !x.Stopped.IsZero() {
				end = x.Stopped
			}
			rows = append(rows, []string{x.Name, l.State, string(x.Mode), x.Layer, spanOf(x), armsOf(x), minute(x.Start), minute(end), catalog.CutText(strings.ReplaceAll(x.Note, "\n", "; "), 100)})
		}
		columns(w, rows...)
	})
}
