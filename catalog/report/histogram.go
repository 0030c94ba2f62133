package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"
)

// A Bin is one bar of a [Histogram]: what lies between From and To.
type Bin struct {
	From, To float64
	Count    float64
}

// Histogram draws bins, which must be ascending, side by side; their widths may
// differ. x and y name the axes with their units.
func Histogram(title, about, x, y string, bins []Bin) (*Figure, error) {
	if len(bins) == 0 {
		return nil, fmt.Errorf("chart %q: no bins", title)
	}
	p := newPlot(x, y)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, colour(inkGrid)
	p.Add(grid)
	t := &Table{Caption: y, Header: []string{x + " from", "to", y}, Number: []bool{true, true, true}}
	for _, b := range bins {
		if err := checkFinite(title, b.From, b.To, b.Count); err != nil {
			return nil, err
		}
		if !(b.To > b.From) {
			return nil, fmt.Errorf("chart %q: bin from %v to %v, want from < to", title, b.From, b.To)
		}
		t.Rows = append(t.Rows, Row(Number(b.From), Number(b.To), Number(b.Count)))
		if b.Count == 0 {
			continue
		}
		gap := (b.To - b.From) * 0.03
		bar, err := plotter.NewPolygon(plotter.XYs{{X: b.From + gap, Y: 0}, {X: b.From + gap, Y: b.Count}, {X: b.To - gap, Y: b.Count}, {X: b.To - gap, Y: 0}})
		if err != nil {
			return nil, fmt.Errorf("chart %q: %w", title, err)
		}
		bar.Color, bar.LineStyle.Width = colour(inkSeries), 0
		p.Add(bar)
	}
	p.X.Min, p.X.Max = bins[0].From, bins[len(bins)-1].To
	p.Y.Min = 0
	p.Y.Max = max(1, p.Y.Max)
	f := &Figure{Title: title, About: about, Table: t}
	return f.drawn(p, chartHeight)
}
