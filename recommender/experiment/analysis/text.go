package analysis

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"marquee/catalog/report"
	"marquee/recommender/eval"
)

// WriteText writes r for a terminal.
func (r *Result) WriteText(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %s to %s UTC, window %s\n", r.Experiment, r.Mode, stamp(r.Start), stamp(r.AsOf), r.Window)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "INVALID: %s\n", p)
	}
	r.textArms(w)
	r.textDifferences(w)
	r.textDuel(w)
	r.textPolicies(w)
	if len(r.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
}

// table writes rows with columns aligned; the first is the header.
func table(w io.Writer, rows [][]string) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	tw.Flush()
}

func (r *Result) textArms(w io.Writer) {
	rows := [][]string{{"\narm", "people", "lists"}}
	for _, m := range r.Metrics {
		rows[0] = append(rows[0], m.Name)
	}
	for _, a := range r.Arms {
		row := []string{a.Name, report.Count(int64(a.People)), report.Count(a.Lists)}
		for _, m := range r.Metrics {
			row = append(row, ranged(a.Metrics[m.Name], m.format(false)))
		}
		rows = append(rows, row)
	}
	table(w, rows)
	if r.Sample.P.Known() {
		fmt.Fprintf(w, "people by arm %v, by the weights %s, p %s\n", r.Sample.People, wanted(r.Sample.Expected), chance(r.Sample.P))
	}
}

func (r *Result) textDifferences(w io.Writer) {
	if len(r.Differences) == 0 {
		return
	}
	rows := [][]string{{"\narm", "metric", "difference, at any look", "p", "Holm", "", "at one look", "p", "adjusted for before", "finds"}}
	for _, d := range r.Differences {
		f := metricOf(d.Metric).format(true)
		adjusted := "-"
		if d.Adjusted != nil {
			adjusted = fmt.Sprintf("%s, %+.0f%% variance", ranged(d.Adjusted.Estimate, f), -100*d.Adjusted.Reduction)
		}
		rows = append(rows, []string{
			d.Arm, d.Metric, ranged(d.Sequence, f), chance(d.Always), chance(d.AlwaysHolm), string(d.Verdict),
			ranged(d.Estimate, f), chance(d.P), adjusted, strings.TrimPrefix(f(float64(d.Detectable)), "+"),
		})
	}
	table(w, rows)
	fmt.Fprintf(w, "Differences are arm minus %s, of shares in percentage points. Act on \"at any look\", whenever; on \"at one look\" only if the day was set beforehand.\n", r.Control)
}

func (r *Result) textDuel(w io.Writer) {
	d := r.Duel
	if d == nil {
		return
	}
	f := signedPercent
	fmt.Fprintln(w)
	table(w, [][]string{
		{"arm", "preferred by", "movies watched"},
		{d.Arms[0], report.Count(int64(d.Prefer[0])), report.Count(d.Credit[0])},
		{d.Arms[1], report.Count(int64(d.Prefer[1])), report.Count(d.Credit[1])},
		{"neither", report.Count(int64(d.Even)), ""},
	})
	fmt.Fprintf(w, "preference for %s: %s at any look, p %s, %s; %s at one look, sign test p %s\n",
		d.Arms[1], ranged(d.Sequence, f), chance(d.Always), d.Verdict, ranged(d.Preference, f), chance(d.P))
}

func (r *Result) textPolicies(w io.Writer) {
	if len(r.Policies) == 0 {
		return
	}
	f := metricOf(Watched).format(false)
	rows := [][]string{{"\npolicy", "arm", "lists", "as shown", "IPS", "SNIPS", "doubly robust", "explored", "effective"}}
	for _, o := range r.Policies {
		rows = append(rows, []string{
			o.Policy, o.Arm, report.Count(o.Lists), ranged(o.Shown, f), ranged(o.IPS, f), ranged(o.SNIPS, f), ranged(o.DR, f),
			report.Percent(o.Explored), fmt.Sprintf("%.0f of %d", o.Effective, o.Weighted),
		})
	}
	table(w, rows)
	fmt.Fprintln(w, "Movies of a list watched within the window, had the policy made the lists.")
	for _, o := range r.Policies {
		for _, text := range o.Warnings {
			fmt.Fprintf(w, "warning: %s, arm %s: %s\n", o.Policy, o.Arm, text)
		}
	}
}

// format returns how values of a metric are written; differences have a sign.
func (m Metric) format(signed bool) func(float64) string {
	return func(v float64) string {
		sign := ""
		if signed {
			sign = "+"
		}
		switch {
		case !known(v):
			return "-"
		case m.Share && signed: // per cent of per cent would be something else
			return fmt.Sprintf("%+.2f pp", 100*v)
		case m.Share:
			return fmt.Sprintf("%"+sign+".2f%%", 100*v)
		}
		return fmt.Sprintf("%"+sign+".*f", decimals(v), v)
	}
}

// signedPercent writes a preference, from -100% to +100%.
func signedPercent(v float64) string {
	if !known(v) {
		return "-"
	}
	return fmt.Sprintf("%+.1f%%", 100*v)
}

// decimals is how many of v are written: three figures that count, near enough.
func decimals(v float64) int {
	switch v = math.Abs(v); {
	case v >= 100:
		return 0
	case v >= 10:
		return 1
	case v >= 0.1:
		return 3
	}
	return 4
}

// ranged writes an estimate with its interval, if it has one.
func ranged(e eval.Estimate, format func(float64) string) string {
	if !e.Interval() {
		return format(e.Value)
	}
	return fmt.Sprintf("%s [%s, %s]", format(e.Value), format(e.Low), format(e.High))
}

// chance writes a p-value.
func chance(p Real) string {
	switch {
	case !p.Known():
		return "-"
	case p < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", float64(p))
}
