package eval

import (
	"fmt"
	"io"
	"math"
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
	if err := r.modelTable().write(w); err != nil {
		return err
	}
	if len(r.Comparisons) > 0 {
		_, err := fmt.Fprintf(w, "\nagainst %s, the same users; p from a paired randomisation test, corrected for %s (Holm)\n", r.Comparisons[0].Baseline, plural(len(r.Comparisons), "comparison"))
		if err != nil {
			return err
		}
		if err := r.comparisonTable().write(w); err != nil {
			return err
		}
	}
	for i, warning := range r.Warnings {
		lead := ""
		if i == 0 {
			lead = "\n"
		}
		if _, err := fmt.Fprintf(w, "%swarning: %s\n", lead, warning); err != nil {
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
	if err == nil {
		_, err = io.WriteString(w, "\n\n")
	}
	return err
}

// modelTable leaves out global coverage where it is the same as local.
func (r *Report) modelTable() table {
	if len(r.Cutoffs) == 0 {
		return nil
	}
	k := r.Cutoffs[len(r.Cutoffs)-1]
	columns := []string{"ndcg", "hit_rate", "recall", "mrr", "coverage"}
	if r.Split.CatalogSize != r.Split.Movies {
		columns = append(columns, "global_coverage")
	}
	columns = append(columns, "gini")
	head := []string{"model"}
	for _, c := range columns {
		head = append(head, MetricName(c, k))
	}
	t := table{head}
	for _, m := range r.Models {
		row := []string{m.Name}
		for _, c := range columns {
			e := m.Metrics[MetricName(c, k)]
			if c == "mrr" { // one interval fewer keeps the table within a terminal
				e = exact(e.Value)
			}
			row = append(row, e.String())
		}
		t = append(t, row)
	}
	return t
}

func (r *Report) comparisonTable() table {
	name := MetricName("ndcg", r.Cutoffs[len(r.Cutoffs)-1])
	t := table{{"model", name + " difference", "helped", "hurt", "p"}}
	for _, c := range r.Comparisons {
		d := c.Metrics[name]
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
	return fmt.Sprintf("%.3f", p)
}

// plural returns "1 user" or "2 users".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
