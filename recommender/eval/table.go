package eval

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A table is rows of cells; the first column is flush left, the others right.
type table [][]string

// write prints t with two blanks between columns.
func (t table) write(w io.Writer) error {
	var widths []int
	for _, row := range t {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i > 0:
				b.WriteString("  " + pad + cell)
			case len(row) > 1:
				b.WriteString(cell + pad)
			default:
				b.WriteString(cell)
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteTable prints r for people: what was judged, one row for each model at
// the largest cutoff, the comparisons, the warnings. The error is that of w.
func (r *Report) WriteTable(w io.Writer) error {
	if err := r.writeHead(w); err != nil {
		return err
	}
	for _, t := range []table{r.modelTable(), r.ratingTable(), r.listTable()} {
		if len(t) < 2 {
			continue
		}
		if err := t.write(w); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	if len(r.Comparisons) > 0 {
		_, err := fmt.Fprintf(w, "against %s, the same users; p from a paired randomisation test, corrected for %s (Holm)\n", r.Comparisons[0].Baseline, plural(len(r.Comparisons), "comparison"))
		if err != nil {
			return err
		}
		if err := r.comparisonTable().write(w); err != nil {
			return err
		}
		if len(r.Warnings) > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
	}
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", warning); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) writeHead(w io.Writer) error {
	s := r.Split
	_, err := fmt.Fprintf(w, "%s: %s scored, %s, %s to train, %d to test; lists of %d",
		r.Protocol, plural(s.Scored, "user"), plural(s.Movies, "movie"), plural(s.TrainInteractions, "interaction"), s.TestInteractions, r.N)
	if err == nil && r.Resamples > 0 && s.Scored > 1 {
		_, err = fmt.Fprintf(w, "\n[%g%% intervals: bootstrap over users, %d resamples, seed %d; coverage and Gini are exact]", 100*r.Level, r.Resamples, r.Seed)
	}
	if err == nil && r.RarefiedTo > 0 && r.Resamples > 0 && r.Split.Judged > 1 {
		_, err = fmt.Fprintf(w, "\n[rarefied: to be expected of %d of the lists]", r.RarefiedTo)
	}
	if err == nil {
		_, err = io.WriteString(w, "\n\n")
	}
	return err
}

// modelTable is about lists; it leaves out global coverage where it is the same
// as local.
func (r *Report) modelTable() table {
	columns := []string{"ndcg", "hit_rate", "recall", "mrr", "coverage"}
	if r.Split.CatalogSize != r.Split.Competing {
		columns = append(columns, "global_coverage")
	}
	return r.tableOf("model", func(m ModelReport) bool { return m.Lists > 0 }, r.atLast(append(columns, "gini")...)...)
}

// listTable says more of the lists.
func (r *Report) listTable() table {
	return r.tableOf("lists", func(m ModelReport) bool { return m.Lists > 0 },
		append(r.atLast("rarefied_coverage", "entropy", "novelty", "diversity", "popularity_lift"), "personalised")...)
}

// ratingTable is about ratings.
func (r *Report) ratingTable() table {
	return r.tableOf("ratings", func(m ModelReport) bool { _, ok := m.Metrics["rmse"]; return ok }, "rmse", "mae")
}

// atLast returns the metrics of measures at the largest cutoff.
func (r *Report) atLast(measures ...string) []string {
	if len(r.Cutoffs) == 0 {
		return nil
	}
	var out []string
	for _, m := range measures {
		out = append(out, MetricName(m, r.Cutoffs[len(r.Cutoffs)-1]))
	}
	return out
}

// spared are the measures whose interval is left out, so that a table stays
// within a terminal.
var spared = []string{"mrr", "novelty", "personalised"}

// tableOf has a row for each model that belongs and a column for each metric
// that one of them has.
func (r *Report) tableOf(title string, belongs func(ModelReport) bool, metrics ...string) table {
	t := table{{title}}
	for _, m := range r.Models {
		if belongs(m) {
			t = append(t, []string{m.Name})
		}
	}
	for _, metric := range metrics {
		measure, _, _ := strings.Cut(metric, "@")
		if !slices.ContainsFunc(r.Models, func(m ModelReport) bool { _, ok := m.Metrics[metric]; return ok }) {
			continue
		}
		t[0] = append(t[0], metric)
		at := 1
		for _, m := range r.Models {
			if !belongs(m) {
				continue
			}
			e, ok := m.Metrics[metric]
			switch {
			case !ok:
				e = exact(math.NaN())
			case slices.Contains(spared, measure):
				e = exact(e.Value)
			}
			t[at] = append(t[at], e.String())
			at++
		}
	}
	return t
}

// comparisonTable is by NDCG, or by RMSE where no lists were judged.
func (r *Report) comparisonTable() table {
	metric := "rmse"
	for _, name := range r.atLast("ndcg") {
		if slices.ContainsFunc(r.Comparisons, func(c Comparison) bool { _, ok := c.Metrics[name]; return ok }) {
			metric = name
		}
	}
	t := table{{"model", metric + " difference", "helped", "hurt", "p"}}
	for _, c := range r.Comparisons {
		d, ok := c.Metrics[metric]
		if !ok {
			d = noDifference()
		}
		t = append(t, []string{c.Model, d.signed(), percent(d.Helped), percent(d.Hurt), probability(d.PHolm)})
	}
	return t
}

// signed is String with the sign of every number.
func (e Estimate) signed() string {
	switch {
	case math.IsNaN(e.Value):
		return "-"
	case !e.Interval():
		return fmt.Sprintf("%+.3f", e.Value)
	}
	return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", e.Value, e.Low, e.High)
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

func probability(p float64) string {
	if math.IsNaN(p) {
		return "-"
	}
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// plural returns "1 user" or "2 users".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
