package quality

import (
	"fmt"
	"strings"

	"marquee/catalog/report"
)

// section shows one table: its columns, its holes and duplicates, a chart for what
// is worth one.
func (t *Table) section() (report.Section, error) {
	s := report.Section{Title: "Table: " + t.Name}
	s.Parts = append(s.Parts, report.Part{Text: []string{t.About, report.Count(t.Rows) + " rows."}})
	if t.Rows == 0 {
		return s, nil
	}
	s.Parts = append(s.Parts, report.Part{Table: t.columnTable()})
	if len(t.References) > 0 {
		s.Parts = append(s.Parts, report.Part{Title: "Rows that name what the catalog lacks", Table: t.holeTable()})
	}
	if len(t.Duplicates) > 0 {
		s.Parts = append(s.Parts, report.Part{Title: "Duplicates", Table: t.duplicateTable()})
	}
	for _, c := range t.Columns {
		f, err := c.figure(t.Name)
		if err != nil {
			return s, err
		}
		if f != nil {
			s.Parts = append(s.Parts, report.Part{Figure: f})
		}
	}
	return s, nil
}

func (t *Table) columnTable() *report.Table {
	out := &report.Table{
		Header: []string{"column", "kind", "missing", "distinct", "least", "5%", "median", "95%", "greatest", "mean", "most frequent"},
		Number: []bool{false, false, true, true, true, true, true, true, true, true, false},
	}
	for _, c := range t.Columns {
		missing := report.Cell{Text: report.Percent(c.MissingShare)}
		cells := append(report.Row(c.Name, string(c.Kind)), missing, report.Cell{Text: c.distinct()})
		cells = append(cells, report.Row(c.figures()...)...)
		out.Rows = append(out.Rows, append(cells, report.Cell{Text: c.frequent(3)}))
	}
	return out
}

func (c Column) distinct() string {
	switch {
	case c.Kind == KindTime:
		return ""
	case c.Kind == KindText && c.Distinct == 0:
		return "0"
	}
	text := report.Count(c.Distinct)
	if !c.DistinctExact {
		text = "≈" + text
	}
	return text
}

// figures returns least, 5%, median, 95%, greatest and mean.
func (c Column) figures() []string {
	if c.First != nil && c.Last != nil {
		return []string{c.First.Format("2006-01-02 15:04"), "", "", "", c.Last.Format("2006-01-02 15:04"), ""}
	}
	n := c.Numbers
	if n == nil {
		return make([]string, 6)
	}
	number := report.Number
	if c.Unit == "year" {
		number = func(v float64) string { return fmt.Sprintf("%.0f", v) }
	}
	about := ""
	if n.RankError > 0 {
		about = "≈"
	}
	return []string{number(n.Min), about + number(n.Quantiles.P05), about + number(n.Quantiles.P50), about + number(n.Quantiles.P95), number(n.Max), number(n.Mean)}
}

// frequent returns the k most frequent values in a line.
func (c Column) frequent(k int) string {
	var out []string
	for _, v := range c.Top[:min(k, len(c.Top))] {
		out = append(out, fmt.Sprintf("%s (%s)", short(v.Value), report.Count(v.Count)))
	}
	return strings.Join(out, ", ")
}

func (t *Table) holeTable() *report.Table {
	out := &report.Table{
		Header: []string{"column", "names", "rows", "of which holes", "share", "different ids", "known to be unknown to the catalog API"},
		Number: []bool{false, false, true, true, true, true, true},
	}
	for _, r := range t.References {
		ids := report.Count(r.IDs)
		if !r.IDsExact {
			ids = "≈" + ids
		}
		out.Rows = append(out.Rows, report.Row(r.Column, r.To, report.Count(r.Rows), report.Count(r.Holes), report.Percent(r.Share), ids,
			fmt.Sprintf("%s of %s looked up", report.Count(r.Unknown), report.Count(r.Asked))))
	}
	return out
}

func (t *Table) duplicateTable() *report.Table {
	out := &report.Table{Header: []string{"same", "values that several rows have", "rows that have them", "for example"}, Number: []bool{false, true, true}}
	for _, d := range t.Duplicates {
		var groups []string
		for _, g := range d.Examples {
			var ids []string
			for _, id := range g {
				ids = append(ids, string(id))
			}
			groups = append(groups, strings.Join(ids, " = "))
		}
		out.Rows = append(out.Rows, report.Row(d.Key, report.Count(d.Groups), report.Count(d.Rows), strings.Join(groups, "; ")))
	}
	return out
}

// maxWords is how many words a chart shows.
const maxWords = 15

// figure returns the chart of a column; nil if it is not worth one.
func (c Column) figure(table string) (*report.Figure, error) {
	name := table + ": " + c.Name
	switch {
	case c.Kind == KindNumber && c.Numbers != nil && c.Distinct > 1:
		return c.histogram(name)
	case len(c.Top) > 1 && c.Kind != KindText:
		return c.bars(name)
	}
	return nil, nil
}

func (c Column) histogram(name string) (*report.Figure, error) {
	unit := axis(c.Name, c.Unit)
	var bins []report.Bin
	for _, b := range c.Numbers.Histogram {
		bins = append(bins, report.Bin{From: b.From, To: b.To, Count: b.Count})
	}
	// A last bin that reaches far out would squeeze the others together.
	note := ""
	if n := len(bins); n > 1 {
		width := bins[n/2].To - bins[n/2].From
		if last := &bins[n-1]; last.To-last.From > 3*width {
			note += fmt.Sprintf(" The last bar is all that is %s or more, up to %s.", report.Number(last.From), report.Number(c.Numbers.Max))
			last.To = last.From + width
		}
		if first := &bins[0]; first.To-first.From > 3*width {
			note += fmt.Sprintf(" The first bar is all that is below %s, down to %s.", report.Number(first.To), report.Number(c.Numbers.Min))
			first.From = first.To - width
		}
	}
	about := fmt.Sprintf("A histogram of %s numbers: median %s, 90%% of them from %s to %s.%s", report.Count(c.Numbers.N),
		report.Number(c.Numbers.Quantiles.P50), report.Number(c.Numbers.Quantiles.P05), report.Number(c.Numbers.Quantiles.P95), note)
	f, err := report.Histogram(name, about, unit, "rows", bins)
	if err == nil && note != "" {
		f.Title += "." + note
	}
	return f, err
}

// axis names an axis: "runtime (minutes)".
func axis(name, unit string) string {
	if unit == "" || unit == name {
		return name
	}
	return name + " (" + unit + ")"
}

func (c Column) bars(name string) (*report.Figure, error) {
	one := report.Series{Name: "rows"}
	var labels []string
	for _, v := range c.Top[:min(maxWords, len(c.Top))] {
		labels = append(labels, v.Value)
		one.Values = append(one.Values, float64(v.Count))
	}
	about := fmt.Sprintf("The %d most frequent of %s values.", len(labels), c.distinct())
	return report.Bars(name, about, "rows", labels, report.Number, one)
}
