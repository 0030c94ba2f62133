package page

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"marquee/catalog/report"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
)

// columns are the measures of the two tables of models, in their order; those
// with a k at the largest cutoff.
var columns = [][]string{
	{"ndcg", "hit_rate", "recall", "precision", "map", "mrr", "rmse", "mae"},
	{"coverage", "global_coverage", "rarefied_coverage", "gini", "entropy", "novelty", "diversity", "popularity_lift", "personalised"},
}

// noCutoff are the measures without a k.
var noCutoff = []string{"rmse", "mae", "personalised"}

// models are the tables of all models.
func (p *sheet) models() (report.Section, error) {
	s := report.Section{Title: "Models"}
	for i, title := range []string{"Accuracy", "Variety"} {
		t := &report.Table{Caption: "sorted by " + p.metric, Header: []string{"model"}, Number: []bool{false}}
		var names []string
		for _, measure := range columns[i] {
			name := eval.MetricName(measure, p.k)
			if slices.Contains(noCutoff, measure) {
				name = measure
			}
			if measure == "global_coverage" && p.Split.CatalogSize == p.Split.Movies || !p.has(name) {
				continue
			}
			names = append(names, name)
			t.Header, t.Number = append(t.Header, name), append(t.Number, true)
		}
		for _, m := range p.order {
			row := report.Row(p.named(m.Name))
			for _, name := range names {
				row = append(row, cell(estimate(m.Metrics, name)))
			}
			t.Rows = append(t.Rows, row)
		}
		if len(names) > 0 {
			s.Parts = append(s.Parts, report.Part{Title: title, Table: t})
		}
	}
	return s, nil
}

// named marks the baseline.
func (p *sheet) named(model string) string {
	if model == p.baseline {
		return model + " (baseline)"
	}
	return model
}

// comparisons set every model against the baseline.
func (p *sheet) comparisons() (report.Section, error) {
	s := report.Section{Title: "Compared person by person"}
	if p.baseline == "" {
		return s, nil
	}
	t := &report.Table{Caption: fmt.Sprintf("%s minus that of %s, the same users", p.metric, p.baseline), Header: []string{"model", "difference", "users helped", "users hurt", "p", "p corrected", "verdict"}, Number: []bool{false, true, true, true, true, true, false}}
	var names []string
	panel := report.Panel{Name: "difference of " + p.metric}
	for _, c := range p.ranked() {
		d, ok := c.Metrics[p.metric]
		if !ok {
			continue
		}
		tone := p.verdict(c)
		verdict := map[report.Tone]string{report.Good: "better", report.Bad: "worse", report.Plain: "cannot tell"}[tone]
		row := report.Row(c.Model, signed(d.Estimate), report.Percent(d.Helped), report.Percent(d.Hurt), probability(d.P), probability(d.PHolm))
		t.Rows = append(t.Rows, append(row, report.Cell{Text: verdict, Tone: tone}))
		names, panel.Values = append(names, c.Model), append(panel.Values, interval(d.Estimate))
	}
	if len(t.Rows) == 0 {
		return s, nil
	}
	s.Parts = []report.Part{{
		Text:  []string{"The interval is of the difference, for the same people: above zero the model is better than " + p.baseline + ", below zero worse, and with zero inside these people cannot tell. Helped and hurt are the shares of people whom one of the two serves better. The corrected p takes into account that several models were compared (Holm)."},
		Table: t,
	}}
	names, panel.Values = names[:min(len(names), report.MaxPanelRows)], panel.Values[:min(len(names), report.MaxPanelRows)]
	f, err := report.Panels("Difference of "+p.metric+" from "+p.baseline, "For each model a dot for the mean difference and a bar for its interval; zero is where the two are alike.", p.metric+" minus that of "+p.baseline, names, three, panel)
	s.Parts = append(s.Parts, report.Part{Figure: f})
	return s, err
}

// ranked returns the comparisons in the order of the models.
func (p *sheet) ranked() []eval.Comparison {
	place := make(map[string]int)
	for i, m := range p.order {
		place[m.Name] = i
	}
	out := slices.Clone(p.Comparisons)
	slices.SortStableFunc(out, func(a, b eval.Comparison) int { return cmp.Compare(place[a.Model], place[b.Model]) })
	return out
}

func signed(e eval.Estimate) string {
	switch {
	case math.IsNaN(e.Value):
		return "–"
	case !e.Interval():
		return fmt.Sprintf("%+.3f", e.Value)
	}
	return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", e.Value, e.Low, e.High)
}

func probability(p float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p < 0.001:
		return "<0.001"
	}
	return three(p)
}

// sources say which part of a blend the places came from.
func (p *sheet) sources() (report.Section, error) {
	s := report.Section{Title: "Sources"}
	names := make(map[string]bool)
	for _, m := range p.Models {
		for name := range m.Sources {
			names[name] = true
		}
	}
	if len(names) == 0 {
		return s, nil
	}
	t := &report.Table{Caption: "share of the places of a list, by where the movie came from", Header: []string{"model"}, Number: []bool{false}}
	sorted := slices.Sorted(maps.Keys(names))
	for _, name := range sorted {
		t.Header, t.Number = append(t.Header, name), append(t.Number, true)
	}
	for _, m := range p.order {
		if len(m.Sources) == 0 {
			continue
		}
		row := report.Row(m.Name)
		for _, name := range sorted {
			row = append(row, cell(estimate(m.Sources, name)))
		}
		t.Rows = append(t.Rows, row)
	}
	s.Parts = []report.Part{{Table: t}}
	return s, nil
}

// behaviour has the verdicts of package behave.
func (p *sheet) behaviour() (report.Section, error) {
	s := report.Section{Title: "Behaviour"}
	if p.Behaviour == nil {
		return s, nil
	}
	t := &report.Table{Header: []string{"model", "test", "verdict", "figure", "bound", "judged", "what the figure is", "why"}, Number: []bool{false, false, false, true, true, true, false, false}}
	examples := &report.Table{Header: []string{"model", "test", "what failed"}}
	for _, m := range p.Behaviour.Subjects {
		for _, r := range m.Results {
			verdict := report.Cell{Text: string(r.Verdict)}
			switch r.Verdict {
			case behave.Passed:
				verdict.Tone = report.Good
			case behave.Failed:
				verdict.Tone = report.Bad
			}
			bound := "≥ "
			if r.AtMost {
				bound = "≤ "
			}
			t.Rows = append(t.Rows, []report.Cell{
				{Text: m.Name}, {Text: r.Test}, verdict, cell(r.Figure), {Text: bound + report.Number(r.Bound)}, {Text: report.Count(int64(r.Judged))}, {Text: r.What}, {Text: r.Reason},
			})
			if len(r.Examples) > 0 {
				examples.Rows = append(examples.Rows, report.Row(m.Name, r.Test, strings.Join(r.Examples, " · ")))
			}
		}
	}
	s.Parts = []report.Part{{Text: []string{"Whether lists behave as people expect, which no mean over people tells (Chia et al., 2022)."}, Table: t}}
	if len(examples.Rows) > 0 {
		s.Parts = append(s.Parts, report.Part{Title: "Examples", Table: examples})
	}
	return s, nil
}

// warnings are the report's.
func (p *sheet) warnings() (report.Section, error) {
	s := report.Section{Title: "Warnings"}
	if len(p.Warnings) == 0 {
		return s, nil
	}
	t := &report.Table{Header: []string{"what a reader of the figures must know"}}
	for _, w := range p.Warnings {
		t.Rows = append(t.Rows, []report.Cell{{Text: w, Tone: report.Warn}})
	}
	s.Parts = []report.Part{{Table: t}}
	return s, nil
}

// notes say what was judged.
func (p *sheet) notes() (report.Section, error) {
	s := report.Section{Title: "What was judged"}
	if len(p.Notes) > 0 {
		s.Parts = []report.Part{{Text: p.Notes}}
	}
	return s, nil
}
