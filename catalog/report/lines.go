package report

import (
	"fmt"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// dashes tell the series apart without their colours.
var dashes = [MaxSeries][]vg.Length{nil, {6, 3}, {2, 2}, {8, 2, 2, 2}}

// addLine draws points in the colour and the dashes of series s; a single point
// as a dot, for a line of it would be invisible.
func addLine(p *plot.Plot, points plotter.XYs, s int, stepped bool) error {
	if len(points) == 1 {
		dot, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: colour(inkSeries + s), Radius: 4, Shape: draw.BoxGlyph{}}
		p.Add(dot)
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width, line.Dashes = colour(inkSeries+s), 1.8, dashes[s]
	if stepped {
		line.StepStyle = plotter.PostStep
	}
	p.Add(line)
	return nil
}

// Lines draws series over times, which must be ascending: one line each, at most
// [MaxSeries]. y names the axis of the values with its unit.
func Lines(title, about, y string, times []time.Time, series ...Series) (*Figure, error) {
	if len(times) == 0 || len(series) == 0 || len(series) > MaxSeries {
		return nil, fmt.Errorf("chart %q: %d times and %d series, want at least 1 and 1 to %d", title, len(times), len(series), MaxSeries)
	}
	p := newPlot("time (UTC)", y)
	p.X.Tick.Marker = timeTicks{}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = colour(inkGrid), colour(inkGrid)
	p.Add(grid)
	for s, one := range series {
		if len(one.Values) != len(times) {
			return nil, fmt.Errorf("chart %q: %d values of %s for %d times", title, len(one.Values), one.Name, len(times))
		}
		if err := checkFinite(title, one.Values...); err != nil {
			return nil, err
		}
		points := make(plotter.XYs, len(times))
		for i, t := range times {
			points[i] = plotter.XY{X: seconds(t), Y: one.Values[i]}
		}
		if err := addLine(p, points, s, false); err != nil {
			return nil, fmt.Errorf("chart %q: %w", title, err)
		}
	}
	if len(times) == 1 {
		p.X.Min, p.X.Max = seconds(times[0])-1800, seconds(times[0])+1800
	}
	p.Y.Min = min(0, p.Y.Min)
	if p.Y.Max <= p.Y.Min {
		p.Y.Max = p.Y.Min + 1
	}
	var labels []string
	for _, t := range times {
		labels = append(labels, t.UTC().Format("2006-01-02 15:04:05"))
	}
	f := &Figure{Title: title, About: about, Keys: keysOf(series), Table: tableOf(y, labels, Number, series)}
	return f.drawn(p, chartHeight)
}

// A Distribution is an empirical distribution function: the share of observations
// that are at most each of X.
type Distribution struct {
	Name string
	X    []float64 // ascending
	Y    []float64 // shares, 0 to 1, ascending
}

// maxTableRows is how many rows the table beside distribution functions has.
const maxTableRows = 25

// Distributions draws distribution functions above each other: where the lines
// part is where the distributions differ. x names the axis with its unit.
func Distributions(title, about, x string, of ...Distribution) (*Figure, error) {
	if len(of) == 0 || len(of) > MaxSeries {
		return nil, fmt.Errorf("chart %q: %d distributions, want 1 to %d", title, len(of), MaxSeries)
	}
	p := newPlot(x, "share at or below")
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = colour(inkGrid), colour(inkGrid)
	p.Add(grid)
	low, high := of[0].low(), of[0].high()
	for _, d := range of {
		if len(d.X) == 0 || len(d.X) != len(d.Y) {
			return nil, fmt.Errorf("chart %q: %d values and %d shares of %s", title, len(d.X), len(d.Y), d.Name)
		}
		if err := checkFinite(title, append(d.X[:len(d.X):len(d.X)], d.Y...)...); err != nil {
			return nil, err
		}
		low, high = min(low, d.low()), max(high, d.high())
	}
	if high == low {
		low, high = low-0.5, high+0.5
	}
	room := (high - low) * 0.03
	low, high = low-room, high+room
	var keys []Series
	for s, d := range of {
		keys = append(keys, Series{Name: d.Name})
		points := plotter.XYs{{X: low, Y: 0}}
		for i := range d.X {
			points = append(points, plotter.XY{X: d.X[i], Y: d.Y[i]})
		}
		if err := addLine(p, append(points, plotter.XY{X: high, Y: 1}), s, true); err != nil {
			return nil, fmt.Errorf("chart %q: %w", title, err)
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, 0, 1
	f := &Figure{Title: title, About: about, Keys: keysOf(keys), Table: sharesTable(x, of)}
	return f.drawn(p, chartHeight)
}

// low returns the least value, 0 if there is none.
func (d Distribution) low() float64 {
	if len(d.X) == 0 {
		return 0
	}
	return d.X[0]
}

func (d Distribution) high() float64 {
	if len(d.X) == 0 {
		return 0
	}
	return d.X[len(d.X)-1]
}

// at returns the share at or below v.
func (d Distribution) at(v float64) float64 {
	share := 0.0
	for i, x := range d.X {
		if x > v {
			break
		}
		share = d.Y[i]
	}
	return share
}

// sharesTable compares the distributions at values of the first.
func sharesTable(x string, of []Distribution) *Table {
	t := &Table{Caption: "share at or below", Header: []string{x}, Number: []bool{true}}
	for _, d := range of {
		t.Header, t.Number = append(t.Header, d.Name), append(t.Number, true)
	}
	values := of[0].X
	step := (len(values) + maxTableRows - 1) / maxTableRows
	for i := step - 1; i < len(values); i += step {
		row := Row(Number(values[i]))
		for _, d := range of {
			row = append(row, Cell{Text: Percent(d.at(values[i]))})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
