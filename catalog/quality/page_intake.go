package quality

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/report"
)

// intakeSection shows the lines that were read and the share of them refused, by
// reason.
func (r *Result) intakeSection() (report.Section, error) {
	s := report.Section{Title: "Lines read"}
	if r.Intake == nil {
		s.Parts = []report.Part{{Text: []string{"No lines of an event stream were read."}}}
		return s, nil
	}
	times, series := r.Intake.lines()
	kept, bad, reasons := split(series, len(times))
	s.Parts = append(s.Parts, report.Part{Table: r.outcomeTable()})
	f, err := report.Lines("Lines read "+r.Intake.each(), "Lines kept and lines refused by the hour in which they were read, in UTC.", "lines "+r.Intake.each(), times, kept, bad)
	if err != nil {
		return s, err
	}
	s.Parts = append(s.Parts, report.Part{Figure: f})
	if len(reasons) == 0 {
		return s, nil
	}
	width := r.Intake.width()
	if len(times) > 1 {
		width = times[1].Sub(times[0])
	}
	shares := refusedShares(kept, bad, reasons)
	f, err = report.Heat("Share of lines refused, by reason", "A strip for each reason: the darker, the greater the share of the lines read at that time that were refused for it.",
		times, max(width, time.Second), report.Percent, shares...)
	s.Parts = append(s.Parts, report.Part{Figure: f})
	return s, err
}

// split adds up the kept outcomes and the refused ones, and returns the latter, the
// most frequent first, named by their reasons.
func split(series []report.Series, n int) (kept, bad report.Series, reasons []report.Series) {
	kept = report.Series{Name: "kept", Values: make([]float64, n)}
	bad = report.Series{Name: "refused", Values: make([]float64, n)}
	for _, s := range series {
		if s.Name == catalog.IntakeReadmitted { // counted as refused before
			continue
		}
		into := &kept
		if reason, yes := refused(s.Name); yes {
			into = &bad
			reasons = append(reasons, report.Series{Name: reason, Values: s.Values})
		}
		for i, v := range s.Values {
			into.Values[i] += v
		}
	}
	slices.SortStableFunc(reasons, func(a, b report.Series) int { return cmp.Compare(total(b), total(a)) })
	return kept, bad, reasons[:min(len(reasons), report.MaxHeatRows)]
}

func total(s report.Series) float64 {
	var sum float64
	for _, v := range s.Values {
		sum += v
	}
	return sum
}

func refusedShares(kept, bad report.Series, reasons []report.Series) []report.Series {
	var out []report.Series
	for _, s := range reasons {
		one := report.Series{Name: s.Name, Values: make([]float64, len(s.Values))}
		for i, v := range s.Values {
			if lines := kept.Values[i] + bad.Values[i]; lines > 0 {
				one.Values[i] = v / lines
			}
		}
		out = append(out, one)
	}
	return out
}

func (r *Result) outcomeTable() *report.Table {
	t := &report.Table{Header: []string{"outcome", "lines", "share"}, Number: []bool{false, true, true}}
	sums := make([]int64, len(r.Intake.Series))
	var all int64
	for i, s := range r.Intake.Series {
		for _, n := range s.Counts {
			sums[i] += n
		}
		if s.Name != catalog.IntakeReadmitted {
			all += sums[i]
		}
	}
	for i, s := range r.Intake.Series {
		t.Rows = append(t.Rows, report.Row(s.Name, report.Count(sums[i]), report.Percent(share(sums[i], all))))
	}
	slices.SortFunc(t.Rows, func(a, b []report.Cell) int { return cmp.Compare(a[0].Text, b[0].Text) })
	t.Caption = fmt.Sprintf("%s lines; what was read again by a replay counts again", report.Count(all))
	return t
}
