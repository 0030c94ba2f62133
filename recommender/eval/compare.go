package eval

import (
	"context"
	"math"
	"slices"

	"marquee/catalog/stats"
)

// A Comparison sets one model against the baseline, person by person. Two
// intervals that overlap prove nothing; the interval of the difference does,
// since both models were judged on the same people.
type Comparison struct {
	Model    string                `json:"model"`
	Baseline string                `json:"baseline"`
	Metrics  map[string]Difference `json:"metrics"` // by [MetricName], those that both models have and that have an interval
}

// A Difference is model minus baseline.
type Difference struct {
	Estimate
	Helped float64 // share of people for whom the figure is larger, or of rmse and mae smaller; NaN for figures of all lists together
	Hurt   float64 // share of people for whom it is the other way round
	P      float64 // of the two-sided paired randomisation test; NaN without resamples, and for figures of all lists together
	PHolm  float64 // P corrected for the number of models compared by this metric
	PAll   float64 // P corrected for the number of models and metrics
}

// noDifference has nothing but NaN.
func noDifference() Difference {
	nan := math.NaN()
	return Difference{Estimate: exact(nan), Helped: nan, Hurt: nan, P: nan, PHolm: nan, PAll: nan}
}

// compare returns a comparison of every other model with the baseline.
func (r *run) compare(ctx context.Context, reports []ModelReport) ([]Comparison, error) {
	base := slices.IndexFunc(r.models, func(m Model) bool { return m.Name == r.cfg.Baseline })
	if base < 0 {
		return nil, nil
	}
	var out []Comparison
	for i, m := range r.models {
		if i == base {
			continue
		}
		c := Comparison{Model: m.Name, Baseline: r.cfg.Baseline, Metrics: make(map[string]Difference)}
		for _, s := range r.sheets() {
			if !s.has[i] || !s.has[base] {
				continue
			}
			p, err := s.randomise(ctx, r.cfg, i, base)
			if err != nil {
				return nil, err
			}
			for at, f := range s.figures {
				if d := s.difference(f, i, base); !math.IsNaN(d.Value) || f.by == perPerson {
					d.P = p[at]
					c.Metrics[f.name] = d
				}
			}
		}
		if mine, theirs := r.outcomes[i].parts, r.outcomes[base].parts; mine != nil && theirs != nil {
			mine.differences(theirs, r, reports[i].Metrics, reports[base].Metrics, c.Metrics)
		}
		out = append(out, c)
	}
	r.correct(out)
	return out, nil
}

// correct fills in what the p-values are worth, given how many there are (Holm,
// "A simple sequentially rejective multiple test procedure", 1979).
func (r *run) correct(all []Comparison) {
	type test struct {
		model  int
		metric string
	}
	var tests []test
	var p []float64
	for _, s := range r.sheets() {
		for _, f := range s.figures {
			var alone []float64
			first := len(tests)
			for i, c := range all {
				if d, ok := c.Metrics[f.name]; ok {
					tests, p, alone = append(tests, test{i, f.name}), append(p, d.P), append(alone, d.P)
				}
			}
			for i, corrected := range stats.Holm(alone) {
				t := tests[first+i]
				d := all[t.model].Metrics[t.metric]
				d.PHolm = corrected
				all[t.model].Metrics[t.metric] = d
			}
		}
	}
	for i, corrected := range stats.Holm(p) {
		d := all[tests[i].model].Metrics[tests[i].metric]
		d.PAll = corrected
		all[tests[i].model].Metrics[tests[i].metric] = d
	}
}
