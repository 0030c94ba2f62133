package eval

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"marquee/catalog"
)

// A Candidate is one setting of parameters that a sweep tries.
type Candidate struct {
	Name   string
	Params map[string]float64
	List   Lister
	Rate   Rater // if set, RMSE and MAE can be swept by; List may then be nil
}

// Results are the candidates of a sweep, best first.
type Results struct {
	Metric   string     `json:"metric"`
	Protocol string     `json:"protocol"`
	Split    SplitStats `json:"split"`
	Level    float64    `json:"level"`
	Rows     []Result   `json:"candidates"`
	Warnings []string   `json:"warnings"`
}

// A Result is one candidate's.
type Result struct {
	Name   string             `json:"name"`
	Params map[string]float64 `json:"params,omitempty"`
	Order  int                `json:"order"` // place in the list of candidates, from 0
	Score  Estimate           `json:"score"`
	// Behind is the candidate minus the best of the sweep, on the same people.
	Behind Estimate `json:"behind"`
	// Tied says that the interval of Behind reaches 0: the data cannot tell
	// the two apart. Without intervals it is false but for the best.
	Tied    bool                `json:"tied"`
	Metrics map[string]Estimate `json:"metrics"`
}

// Sweep judges candidates on an inner split and sorts them by metric, which is
// a [MetricName] such as "ndcg@20"; the largest value is the best, or of rmse and
// mae the smallest; NaN comes last, equal values in the order given. Give the candidates simplest first: see [Results.Simplest]. The best
// of many candidates is flattered by its luck, so its score here is no forecast:
// judge the one that is chosen on the outer split, once. A split that is not
// inner is refused with [ErrSplit].
func Sweep(ctx context.Context, split *Split, candidates []Candidate, metric string, cfg Config) (*Results, error) {
	if !split.IsInner() {
		return nil, fmt.Errorf("sweep on %q would choose parameters on the truth they are judged by; use its Inner: %w", split.Protocol, ErrSplit)
	}
	models := make([]Model, len(candidates))
	for i, c := range candidates {
		models[i] = Model{Name: c.Name, List: c.List, Rate: c.Rate}
		for name, x := range c.Params {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("parameter %q of candidate %q is %v, want a finite number: %w", name, c.Name, x, catalog.ErrInvalid)
			}
		}
	}
	cfg.Baseline, cfg.Curve, cfg.MinSlice, cfg.wholeOnly = "", nil, 0, true
	if err := cfg.check(split, models); err != nil {
		return nil, err
	}
	if names := metricNames(cfg, models); !slices.Contains(names, metric) {
		return nil, fmt.Errorf("metric %q, want one of %s: %w", metric, strings.Join(names, ", "), catalog.ErrInvalid)
	}
	r, err := judgeAll(ctx, split, models, cfg)
	if err != nil {
		return nil, err
	}
	return r.results(candidates, r.report(), metric), nil
}

// metricNames returns the metrics that can be swept by.
func metricNames(cfg Config, models []Model) []string {
	var out []string
	for _, k := range cfg.Cutoffs {
		for _, m := range measures {
			out = append(out, MetricName(m.name, k))
		}
		for _, name := range []string{"novelty", "popularity_lift", "coverage", "global_coverage", "gini", "entropy"} {
			out = append(out, MetricName(name, k))
		}
		if cfg.Facts.Similarity != nil {
			out = append(out, MetricName("diversity", k))
		}
	}
	if slices.ContainsFunc(models, func(m Model) bool { return m.Rate != nil }) {
		out = append(out, "rmse", "mae")
	}
	return out
}

func (r *run) results(candidates []Candidate, report *Report, metric string) *Results {
	out := &Results{Metric: metric, Protocol: report.Protocol, Split: report.Split, Level: Level, Warnings: report.Warnings}
	for i, c := range candidates {
		metrics := report.Models[i].Metrics
		score, ok := metrics[metric]
		if !ok {
			score = exact(math.NaN())
		}
		out.Rows = append(out.Rows, Result{Name: c.Name, Params: maps.Clone(c.Params), Order: i, Score: score, Metrics: metrics})
	}
	s, f := r.figure(metric)
	slices.SortStableFunc(out.Rows, func(a, b Result) int {
		x, y := a.Score.Value, b.Score.Value
		if f.less && !math.IsNaN(x) && !math.IsNaN(y) {
			x, y = y, x
		}
		return cmp.Compare(y, x) // NaN sorts as the least
	})
	best := out.Rows[0]
	for i := range out.Rows {
		row := &out.Rows[i]
		row.Behind = exact(row.Score.Value - best.Score.Value)
		if s != nil && s.has[row.Order] && s.has[best.Order] && s.draws != nil {
			row.Behind = s.difference(f, row.Order, best.Order).Estimate
		}
		reaches := row.Behind.High >= 0
		if f.less {
			reaches = row.Behind.Low <= 0
		}
		row.Tied = row.Order == best.Order || row.Behind.Interval() && reaches
	}
	return out
}

// figure returns a metric's, and its sheet; nil if it is of all lists together.
func (r *run) figure(metric string) (*sheet, figure) {
	for _, s := range r.sheets() {
		for _, f := range s.figures {
			if f.name == metric {
				return s, f
			}
		}
	}
	return nil, figure{}
}

// Simplest returns, of the candidates that the data cannot tell from the best,
// the one that was given first. Choosing it in place of the best keeps a sweep
// from following the noise of a few people.
func (r *Results) Simplest() Result {
	out := r.Rows[0]
	for _, row := range r.Rows {
		if row.Tied && row.Order < out.Order {
			out = row
		}
	}
	return out
}

// Widest returns, of the candidates that the data cannot tell from the best, the
// one whose lists cover most of the catalog, at the longest cutoff; of equal ones
// the one that is ahead. It chooses variety where variety costs nothing that
// can be measured.
func (r *Results) Widest() Result {
	out := r.Rows[0]
	for _, row := range r.Rows {
		if row.Tied && row.coverage().Value > out.coverage().Value {
			out = row
		}
	}
	return out
}

// coverage returns the coverage at the longest cutoff.
func (r Result) coverage() Estimate {
	longest, out := 0, exact(math.NaN())
	for name, e := range r.Metrics {
		if k, err := strconv.Atoi(strings.TrimPrefix(name, "coverage@")); err == nil && k > longest {
			longest, out = k, e
		}
	}
	return out
}

// WriteTable prints r for people, with at most top rows; 0 for all. The error
// is that of w.
func (r *Results) WriteTable(w io.Writer, top int) error {
	_, err := fmt.Fprintf(w, "%s: %d candidates by %s on %d users; of those tied with the best, the first given is %s and the one of the greatest coverage %s\n\n",
		r.Protocol, len(r.Rows), r.Metric, r.Split.Scored, r.Simplest().Name, r.Widest().Name)
	if err != nil {
		return err
	}
	params := r.params()
	t := table{append(append([]string{"candidate"}, params...), r.Metric, "behind the best", "tied", "coverage")}
	for i, row := range r.Rows {
		if top > 0 && i == top {
			break
		}
		cells := []string{row.Name}
		for _, p := range params {
			cells = append(cells, parameter(row.Params, p))
		}
		tied := "no"
		if row.Tied {
			tied = "yes"
		}
		t = append(t, append(cells, row.Score.String(), row.Behind.signed(), tied, row.coverage().String()))
	}
	if err := t.write(w); err != nil {
		return err
	}
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", warning); err != nil {
			return err
		}
	}
	return nil
}

// params returns the names of all parameters, ascending.
func (r *Results) params() []string {
	names := make(map[string]bool)
	for _, row := range r.Rows {
		for name := range row.Params {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func parameter(params map[string]float64, name string) string {
	x, ok := params[name]
	if !ok {
		return "-"
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}
