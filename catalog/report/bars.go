package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// A Series is a named row of values.
type Series struct {
	Name   string
	Values []float64
}

// MaxBars is how many labels a chart of [Bars] has room for.
const MaxBars = 30

// Bars draws a horizontal bar for each label, the first at the top; with several
// series, at most [MaxSeries], a group of bars. axis names what the length of a bar
// is, with its unit. format writes a value in the table. Values must be finite, as
// many as labels in every series.
func Bars(title, about, axis string, labels []string, format func(float64) string, series ...Series) (*Figure, error) {
	if len(labels) == 0 || len(labels) > MaxBars || len(series) == 0 || len(series) > MaxSeries {
		return nil, fmt.Errorf("chart %q: %d labels and %d series, want 1 to %d and 1 to %d", title, len(labels), len(series), MaxBars, MaxSeries)
	}
	p := newPlot(axis, "")
	names := make([]string, len(labels))
	for i, l := range labels {
		names[len(labels)-1-i] = label(l)
	}
	p.Y.Tick.Marker = placeTicks(names)
	p.Y.Tick.Length, p.Y.Width = 0, 0
	p.Y.Min, p.Y.Max = -0.5, float64(len(labels))-0.5
	const group = 16 // points for the bars of one label
	width := vg.Length(group / len(series))
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = colour(inkGrid), nil
	p.Add(grid)
	for s, one := range series {
		if len(one.Values) != len(labels) {
			return nil, fmt.Errorf("chart %q: %d values of %s for %d labels", title, len(one.Values), one.Name, len(labels))
		}
		if err := checkFinite(title, one.Values...); err != nil {
			return nil, err
		}
		values := make(plotter.Values, len(labels))
		for i, v := range one.Values {
			values[len(labels)-1-i] = v
		}
		bars, err := plotter.NewBarChart(values, width-1)
		if err != nil {
			return nil, fmt.Errorf("chart %q: %w", title, err)
		}
		bars.Horizontal = true
		bars.Color, bars.LineStyle.Width = colour(inkSeries+s), 0
		bars.Offset = width * vg.Length(float64(len(series)-1)/2-float64(s))
		p.Add(bars)
	}
	p.X.Min = min(0, p.X.Min)
	if p.X.Max <= p.X.Min {
		p.X.Max = p.X.Min + 1
	}
	p.Y.Min, p.Y.Max = -0.5, float64(len(labels))-0.5
	f := &Figure{Title: title, About: about, Keys: keysOf(series), Table: tableOf(axis, labels, format, series)}
	return f.drawn(p, vg.Length(48+(group+6)*len(labels)))
}

func keysOf(series []Series) []string {
	if len(series) < 2 {
		return nil
	}
	var keys []string
	for _, s := range series {
		keys = append(keys, s.Name)
	}
	return keys
}

// tableOf returns the table of a chart: a row for each label, a column for each
// series.
func tableOf(axis string, labels []string, format func(float64) string, series []Series) *Table {
	t := &Table{Caption: axis, Header: []string{""}, Number: []bool{false}}
	for _, s := range series {
		t.Header, t.Number = append(t.Header, s.Name), append(t.Number, true)
	}
	for i, l := range labels {
		row := Row(l)
		for _, s := range series {
			row = append(row, Cell{Text: format(s.Values[i])})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
