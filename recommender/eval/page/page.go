package page

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/report"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
)

// Options say what a page shows besides the report. The zero value is good.
type Options struct {
	Title string // "" for "Evaluation"

	// Metric sorts the models: an [eval.MetricName] of the report. "" is NDCG at
	// the largest cutoff, or RMSE where no model makes lists.
	Metric string

	Behaviour *behave.Report // nil for none
	Notes     []string       // what the models were, a paragraph each
}

// Write writes the page to w. A metric that the report does not have is an error
// that wraps [catalog.ErrInvalid]; else the error is that of w.
func Write(w io.Writer, r *eval.Report, o Options) error {
	p, err := newSheet(r, o)
	if err != nil {
		return err
	}
	out := report.Page{Title: cmp.Or(o.Title, "Evaluation"), Subtitle: p.subtitle(), Lead: p.lead()}
	for _, section := range []func() (report.Section, error){
		p.models, p.comparisons, p.tradeoff, p.curves, p.longTail, p.slices, p.sources, p.behaviour, p.warnings, p.notes, p.reading,
	} {
		s, err := section()
		if err != nil {
			return fmt.Errorf("page of %q: %w", r.Protocol, err)
		}
		if len(s.Parts) > 0 {
			out.Sections = append(out.Sections, s)
		}
	}
	return out.Write(w)
}

// A sheet is a page that is being made.
type sheet struct {
	*eval.Report
	Options
	k        int    // largest cutoff; 0 without
	metric   string // that sorts
	baseline string // "" without
	order    []eval.ModelReport
}

func newSheet(r *eval.Report, o Options) (*sheet, error) {
	p := &sheet{Report: r, Options: o, metric: o.Metric, order: slices.Clone(r.Models)}
	if len(r.Cutoffs) > 0 {
		p.k = r.Cutoffs[len(r.Cutoffs)-1]
	}
	if len(r.Comparisons) > 0 {
		p.baseline = r.Comparisons[0].Baseline
	}
	if p.metric == "" {
		if p.metric = eval.MetricName("ndcg", p.k); !p.has(p.metric) && p.has("rmse") {
			p.metric = "rmse"
		}
	} else if !p.has(p.metric) {
		return nil, fmt.Errorf("metric %q is not in the report, want one such as %q: %w", p.metric, eval.MetricName("ndcg", p.k), catalog.ErrInvalid)
	}
	slices.SortStableFunc(p.order, func(a, b eval.ModelReport) int {
		x, y := value(a.Metrics, p.metric), value(b.Metrics, p.metric)
		switch {
		case math.IsNaN(x) || math.IsNaN(y): // what was not measured comes last
			return cmp.Compare(bit(math.IsNaN(x)), bit(math.IsNaN(y)))
		case smallerIsBetter(p.metric):
			return cmp.Compare(x, y)
		}
		return cmp.Compare(y, x)
	})
	return p, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// smallerIsBetter reports whether a metric is an error or an inequality.
func smallerIsBetter(metric string) bool {
	name, _, _ := strings.Cut(metric, "@")
	return name == "rmse" || name == "mae" || strings.HasSuffix(name, "gini") || name == "popularity_lift"
}

// has reports whether any model has a value of metric.
func (p *sheet) has(metric string) bool {
	return slices.ContainsFunc(p.Models, func(m eval.ModelReport) bool { return !math.IsNaN(value(m.Metrics, metric)) })
}

func value(metrics map[string]eval.Estimate, name string) float64 {
	return estimate(metrics, name).Value
}

// estimate returns one figure, NaN if it is not there.
func estimate(metrics map[string]eval.Estimate, name string) eval.Estimate {
	if e, ok := metrics[name]; ok {
		return e
	}
	return eval.Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}

func interval(e eval.Estimate) report.Interval {
	return report.Interval{Value: e.Value, Low: e.Low, High: e.High}
}

func three(v float64) string { return fmt.Sprintf("%.3f", v) }

// cell writes an estimate for a table.
func cell(e eval.Estimate) report.Cell {
	text := e.String()
	if math.IsNaN(e.Value) {
		text = "–"
	}
	return report.Cell{Text: text}
}

func (p *sheet) subtitle() string {
	s := p.Split
	out := fmt.Sprintf("%s: %s interactions of %s users to train, %s to test; lists of %d", p.Protocol,
		report.Count(int64(s.TrainInteractions)), report.Count(int64(s.Users)), report.Count(int64(s.TestInteractions)), p.N)
	if p.Resamples > 0 {
		out += fmt.Sprintf("; intervals at %g%% by %s resamples, seed %d", 100*p.Level, report.Count(int64(p.Resamples)), p.Seed)
	}
	return out
}

// lead returns the outcome at a glance.
func (p *sheet) lead() []report.Fact {
	facts := []report.Fact{
		{Name: "Users scored", Value: report.Count(int64(p.Split.Scored))},
		{Name: "Movies", Value: report.Count(int64(p.Split.Movies))},
	}
	if len(p.order) > 0 && !math.IsNaN(value(p.order[0].Metrics, p.metric)) {
		best := p.order[0]
		facts = append(facts, report.Fact{Name: "Best " + p.metric, Value: fmt.Sprintf("%s, %s", best.Name, three(value(best.Metrics, p.metric))), Tone: report.Good})
	}
	if p.baseline != "" {
		better, worse := 0, 0
		for _, c := range p.Comparisons {
			switch p.verdict(c) {
			case report.Good:
				better++
			case report.Bad:
				worse++
			}
		}
		facts = append(facts, report.Fact{Name: "Against " + p.baseline, Value: fmt.Sprintf("%d better, %d worse, %d open", better, worse, len(p.Comparisons)-better-worse)})
	}
	if p.Behaviour != nil {
		fact := report.Fact{Name: "Behaviour", Value: "nothing failed", Tone: report.Good}
		if !p.Behaviour.Passed() {
			fact.Value, fact.Tone = "some tests failed", report.Warn
		}
		facts = append(facts, fact)
	}
	if n := len(p.Warnings); n > 0 {
		facts = append(facts, report.Fact{Name: "Warnings", Value: report.Count(int64(n)), Tone: report.Warn})
	}
	return facts
}

// verdict says whether the interval of the difference lies on one side of 0.
func (p *sheet) verdict(c eval.Comparison) report.Tone {
	d, ok := c.Metrics[p.metric]
	if !ok || !d.Interval() || d.Low <= 0 && d.High >= 0 {
		return report.Plain
	}
	if (d.Low > 0) != smallerIsBetter(p.metric) {
		return report.Good
	}
	return report.Bad
}
