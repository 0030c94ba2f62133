package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/recommender/eval"
)

type evalCompareCmd struct {
	evalFlags
	splitFlags
	judgeFlags
	modelFlags
	rivalFlags
	Model    string `arg:"" help:"The model that is looked at; a name of --lists or --url, or one of ours."`
	Baseline string `arg:"" help:"What it is compared with."`
}

// Help is shown below the flags.
func (evalCompareCmd) Help() string {
	return `Examples:
  marquee eval compare blend als
  marquee eval compare theirs ease --lists theirs=lists.tsv --train train.tsv --test test.tsv

Both are judged on the same people. Read the interval of the difference: above zero
the first is better, with zero inside these people cannot tell.`
}

// Run compares.
func (c *evalCompareCmd) Run(ctx context.Context, e *env) error {
	if c.Model == c.Baseline {
		return usage("%s is compared with itself; name two models", c.Model)
	}
	run := evalRunCmd{evalFlags: c.evalFlags, splitFlags: c.splitFlags, judgeFlags: c.judgeFlags, modelFlags: c.modelFlags, rivalFlags: c.rivalFlags, Baseline: c.Baseline}
	for _, n := range []string{c.Baseline, c.Model} {
		if c.Lists[n] == "" && c.URL[n] == "" {
			run.Models = append(run.Models, n)
		}
	}
	if len(run.Models) == 0 {
		run.Models = []string{"none"}
	}
	p, err := run.plan()
	if err != nil {
		return err
	}
	j, split, err := openSplit(ctx, e, c.evalFlags, c.splitFlags)
	if err != nil {
		return err
	}
	defer j.close()
	kept, err := run.judge(ctx, j, split, p)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(kept.Comparisons, func(x eval.Comparison) bool { return x.Model == c.Model })
	if at < 0 {
		return fmt.Errorf("%s was not judged: %s: %w", c.Model, strings.Join(kept.Warnings, "; "), catalog.ErrInvalid)
	}
	return c.print(e, kept.Comparisons[at], func(w io.Writer) {
		fmt.Fprintf(w, "%s against %s, %s, %d people\n\n", c.Model, c.Baseline, kept.Protocol, kept.Split.Scored)
		writeComparison(w, kept.Comparisons[at].Metrics)
		for _, warning := range kept.Warnings {
			fmt.Fprintf(w, "\nwarning: %s", warning)
		}
		if len(kept.Warnings) > 0 {
			fmt.Fprintln(w)
		}
	})
}

// writeComparison writes a line a metric. Figures of all lists together have no
// people who are helped or hurt.
func writeComparison(w io.Writer, all map[string]eval.Difference) {
	rows := [][]string{{"metric", "difference", "helped", "hurt", "p"}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d := all[name]
		rows = append(rows, []string{name, signed(d.Estimate), percentOf(d.Helped), percentOf(d.Hurt), chance(d.P)})
	}
	columns(w, rows...)
}

// chance writes a p-value.
func chance(p float64) string {
	switch {
	case math.IsNaN(p):
		return "-"
	case p < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// signed writes a difference with its interval.
func signed(e eval.Estimate) string {
	if !e.Interval() {
		return fmt.Sprintf("%+.4f", e.Value)
	}
	return fmt.Sprintf("%+.4f [%+.4f, %+.4f]", e.Value, e.Low, e.High)
}

func percentOf(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}
