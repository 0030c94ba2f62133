package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment/analysis"
)

type experimentAnalyseCmd struct {
	Name    string   `arg:"" help:"Name of the experiment."`
	AsOf    string   `help:"Judge it as it stood at a time, such as 2026-12-01T08:00. Default: now, or when it ended." env:"-" placeholder:"TIME"`
	Window  timeSpan `help:"A list is accepted if a movie of it is watched within this time; a list is judged when it is over." default:"24h" env:"-" placeholder:"TIME"`
	Metric  []string `help:"Metrics: acceptance, watched, clicks, dismissals, watch_share, rating, cost, latency_ms, coverage, gini. Default: all that there is anything of." env:"-" placeholder:"NAME"`
	Planned int      `help:"People in an arm for whom the intervals of daily looks are narrowest. Leave it as it was at the first look." default:"1000" env:"-" placeholder:"N"`
	Policy  []string `help:"Estimate from lists that were explored what another policy would earn. greedy: the same arm without exploration." env:"-" placeholder:"NAME"`
	Log     []string `help:"JSON log of a server (--log-format json), for the latency of each list. May be given again." sep:"none" type:"existingfile" predictor:"file" env:"-" placeholder:"FILE"`
	HTML    string   `name:"html" help:"Page to write, with charts day by day." type:"path" predictor:"file" env:"-" placeholder:"FILE"`
	Draws   int      `help:"Draws of each bootstrap." default:"1000" env:"-" placeholder:"N"`
	Seed    uint64   `help:"Seed of those draws." default:"1" env:"-" placeholder:"N"`
}

// Help is shown below the flags.
func (experimentAnalyseCmd) Help() string {
	return `Examples:
  marquee experiment analyse als-or-blend
  marquee experiment analyse als-or-blend --html page.html --policy greedy
  marquee experiment analyse als-or-blend --as-of 2026-12-01 --window 48h --metric acceptance,cost
  marquee experiment analyse als-or-blend --output json | jq '.differences[] | {arm, metric, verdict}'

People are compared, never lists: those of one person are alike. Act on the interval and the
p-value "at any look" on whatever day you like; those "at one look" hold if the day was set
before the start. "adjusted for before" takes off what the same people did as long before the
experiment (CUPED). "finds" is the least effect that one look finds with a power of 80%.

If the arms do not have the people that their weights want (p below 0.001), or many people
were in two, no figure is to be believed: the exit status is 4. A watch counts from its first
minute; the movie of a rating without a watch counts as watched when it was rated.

The metrics:` + metricsTold()
}

// metricsTold returns a line for each metric.
func metricsTold() string {
	var b strings.Builder
	for _, m := range analysis.Metrics() {
		fmt.Fprintf(&b, "\n  %-11s  %s", m.Name, m.About)
	}
	return b.String()
}

// Run judges.
func (c experimentAnalyseCmd) Run(ctx context.Context, e *env) error {
	store, all, err := e.experiments(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	x, err := findExperiment(all, c.Name)
	if err != nil {
		return err
	}
	opts, err := c.options(x)
	if err != nil {
		return err
	}
	bar := e.progress()
	r, err := analysis.Analyse(ctx, readLists{store, bar}, x, opts)
	bar.end()
	if err != nil {
		return err
	}
	if err := c.page(r); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	err = e.print(r, func(w io.Writer) {
		r.WriteText(w)
		if c.HTML != "" {
			fmt.Fprintf(w, "\npage: %s\n", c.HTML)
		}
	})
	if err == nil && !r.Valid {
		err = fmt.Errorf("experiment %s: %s: %w", x.Name, r.Problems[0], errRefused)
	}
	return err
}

// options returns what the flags ask for.
func (c experimentAnalyseCmd) options(x catalog.Experiment) (analysis.Options, error) {
	asOf, err := c.asOf(x, time.Now())
	if err != nil {
		return analysis.Options{}, err
	}
	opts := analysis.DefaultOptions(asOf)
	opts.Window, opts.Planned, opts.Draws, opts.Seed = time.Duration(c.Window), c.Planned, c.Draws, c.Seed
	if len(c.Metric) > 0 {
		opts.Metrics = c.Metric
	}
	for _, name := range c.Policy {
		p, err := analysis.PolicyOf(name)
		if err != nil {
			return opts, wrapUsage(err)
		}
		opts.Policies = append(opts.Policies, p)
	}
	if err := opts.Validate(); err != nil {
		return opts, wrapUsage(err)
	}
	if !asOf.After(x.Start) {
		return opts, usage("experiment %s begins at %s, so there is nothing to judge as of %s", x.Name, x.Start.Format(time.RFC3339), asOf.Format(time.RFC3339))
	}
	if len(c.Log) > 0 {
		l := latencies{}
		for _, name := range c.Log {
			if err := l.read(name); err != nil {
				return opts, err
			}
		}
		opts.Latency = l.of
	}
	return opts, nil
}

// asOf returns when to judge: as was said, or now; of an experiment that is over, when the
// windows of its last lists were.
func (c experimentAnalyseCmd) asOf(x catalog.Experiment, now time.Time) (time.Time, error) {
	if c.AsOf != "" {
		at, ok := parseMoment(c.AsOf)
		if !ok {
			return at, usage("--as-of is %q, want a time such as 2026-12-01 or 2026-12-01T08:00:00Z", c.AsOf)
		}
		return at, nil
	}
	for _, end := range []time.Time{x.End, x.Stopped} {
		if last := end.Add(time.Duration(c.Window)); !end.IsZero() && last.Before(now) {
			now = last
		}
	}
	return now.UTC(), nil
}

// page writes the page, whole or not at all.
func (c experimentAnalyseCmd) page(r *analysis.Result) error {
	if c.HTML == "" {
		return nil
	}
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.HTML), 0o755); err != nil {
		return err
	}
	return replace(c.HTML, out.Bytes())
}

// A readLists is a source that shows how many lists were read.
type readLists struct {
	analysis.Source
	bar *progress
}

// Exposures implements [analysis.Source].
func (r readLists) Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error] {
	return func(yield func(catalog.Exposure, error) bool) {
		n := 0
		for e, err := range r.Source.Exposures(ctx, from, to) {
			if n++; n%1000 == 0 {
				r.bar.show("lists", n, 0)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
