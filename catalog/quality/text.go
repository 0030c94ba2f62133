package quality

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"marquee/catalog/report"
)

// WriteText writes a summary for a terminal: the tables, the checks that failed,
// the drift. Texts of the data are quoted, so that they cannot steer the terminal.
func (r *Result) WriteText(w io.Writer) error {
	out := &strings.Builder{}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "table\trows\tholes\tworst missing")
	for _, t := range r.Tables {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", t.Name, report.Count(t.Rows), t.holes(), t.worst())
	}
	_ = tw.Flush() // a strings.Builder takes everything
	if r.Drift.Reference != nil {
		fmt.Fprintf(out, "\ndrift: reference %s, current %s\n", r.Drift.Reference, r.Drift.Current)
		moved, compared := false, 0
		for _, f := range r.Drift.Features {
			if f.Verdict.compared() {
				compared++
			}
			if f.Verdict == DriftModerate || f.Verdict == DriftLarge {
				moved = true
				fmt.Fprintf(out, "  %s  %s: %s\n", f.Verdict, f.Name, f.Why)
			}
		}
		switch {
		case compared == 0:
			fmt.Fprintf(out, "  too little to compare: a window needs %d effective observations of a feature\n", MinSample)
		case !moved:
			fmt.Fprintf(out, "  nothing moved, of %d features that have enough to compare\n", compared)
		}
	}
	fmt.Fprintf(out, "\nchecks: %s\n", r.verdict())
	for _, o := range r.Checks {
		if o.Passed {
			continue
		}
		fmt.Fprintf(out, "  %s  %s %s: %s; want %s\n", o.Severity, o.subject(), o.Kind, o.Observed, o.Wanted)
		for _, one := range o.Offenders[:min(3, len(o.Offenders))] {
			if o.Kind != MaxDrift {
				fmt.Fprintf(out, "    %q\n", one.String())
			}
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// holes says how many rows name what is not there.
func (t *Table) holes() string {
	var out []string
	for _, r := range t.References {
		if r.Holes > 0 {
			out = append(out, fmt.Sprintf("%s %s", r.Column, report.Percent(r.Share)))
		}
	}
	return orElse(strings.Join(out, ", "), "-")
}

// worst names the column with the greatest share missing that is not wholly so.
func (t *Table) worst() string {
	name, most := "-", 0.0
	for _, c := range t.Columns {
		if c.MissingShare > most && c.MissingShare < 1 {
			name, most = fmt.Sprintf("%s %s", c.Name, report.Percent(c.MissingShare)), c.MissingShare
		}
	}
	return name
}
