package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Curve is one line of [Curves], with its name at its end.
type Curve struct {
	Name string
	X, Y []float64 // X ascending
}

// MaxCurves is how many curves a chart can name: every colour in every dashing.
const MaxCurves = MaxSeries * MaxSeries

// Curves draws lines with their names at their ends. x and y name the axes with
// their units; with root, the places of x, shares of 0 to 1, are those of their
// square roots, so that what is small has room. Values must be finite.
func Curves(title, about, x, y string, root bool, format func(float64) string, curves ...Curve) (*Figure, error) {
	if len(curves) == 0 || len(curves) > MaxCurves {
		return nil, fmt.Errorf("chart %q: %d curves, want 1 to %d", title, len(curves), MaxCurves)
	}
	p := newPlot(x, y)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = colour(inkGrid), colour(inkGrid)
	p.Add(grid)
	bunch := &lines{}
	low, high, top := math.Inf(1), math.Inf(-1), 0.0
	for i, one := range curves {
		if len(one.X) == 0 || len(one.X) != len(one.Y) || !slices.IsSorted(one.X) {
			return nil, fmt.Errorf("chart %q: %d values at %d places of %s, want as many, ascending", title, len(one.Y), len(one.X), one.Name)
		}
		if err := checkFinite(title, slices.Concat(one.X, one.Y)...); err != nil {
			return nil, err
		}
		points := make(plotter.XYs, len(one.X))
		for j := range points {
			points[j] = plotter.XY{X: one.X[j], Y: one.Y[j]}
			if root {
				points[j].X = math.Sqrt(max(0, one.X[j]))
			}
			top = max(top, one.Y[j])
			p.Y.Min = min(p.Y.Min, one.Y[j])
		}
		low, high = min(low, points[0].X), max(high, points[len(points)-1].X)
		bunch.names, bunch.points, bunch.looks = append(bunch.names, label(one.Name)), append(bunch.points, points), append(bunch.looks, i)
	}
	if high <= low {
		low, high = low-0.5, high+0.5
	}
	p.Add(bunch)
	bunch.end = high
	p.X.Min, p.Y.Min = low, min(0, finite(p.Y.Min))
	p.X.Max, p.Y.Max = high+bunch.room()*(high-low), orOne(top*1.04)
	p.X.Tick.Marker = upTo{high, root}
	f := &Figure{Title: title, About: about, Table: curvesTable(x, y, format, curves)}
	return f.drawn(p, 340)
}

// upTo marks no more than the places that the curves reach.
type upTo struct {
	high float64
	root bool
}

// Ticks implements [plot.Ticker].
func (u upTo) Ticks(low, _ float64) []plot.Tick {
	if !u.root {
		return numberTicks{}.Ticks(low, u.high)
	}
	var out []plot.Tick
	for _, v := range []float64{0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1} {
		if at := math.Sqrt(v); at >= low && at <= u.high+1e-9 {
			out = append(out, plot.Tick{Value: at, Label: Percent(v)})
		}
	}
	return out
}

// lines is a [plot.Plotter].
type lines struct {
	names  []string
	points []plotter.XYs
	looks  []int // colour and dashing
	end    float64
}

// room returns how much wider than the curves the chart must be for the names.
func (l *lines) room() float64 {
	widest := vg.Length(0)
	for _, name := range l.names {
		widest = max(widest, lettering(inkText).Width(name))
	}
	share := float64((widest + 26) / (chartWidth - 60))
	return share / (1 - share)
}

// Plot draws the curves and, to the right of all, their names in the order of
// their ends.
func (l *lines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	places := make([]vg.Length, len(l.points))
	for i, points := range l.points {
		look := draw.LineStyle{Color: colour(inkSeries + l.looks[i]%MaxSeries), Width: 1.8, Dashes: dashes[l.looks[i]/MaxSeries%MaxSeries]}
		path := make([]vg.Point, len(points))
		for j, xy := range points {
			path[j] = vg.Point{X: x(xy.X), Y: y(xy.Y)}
		}
		if len(path) == 1 {
			c.DrawGlyph(draw.GlyphStyle{Color: look.Color, Radius: 3, Shape: draw.CircleGlyph{}}, path[0])
		}
		c.StrokeLines(look, path)
		places[i] = path[len(path)-1].Y
	}
	left := x(l.end) + 20
	for i, at := range spread(places, c.Min.Y+lineHeight/2, c.Max.Y-lineHeight/2) {
		ink := inkSeries + l.looks[i]%MaxSeries
		last := l.points[i][len(l.points[i])-1]
		c.StrokeLine2(draw.LineStyle{Color: colour(ink), Width: 0.8}, x(last.X)+2, places[i], left-3, at)
		c.FillText(lettering(ink), vg.Point{X: left, Y: at}, l.names[i])
	}
}

// DataRange implements [plot.DataRanger].
func (l *lines) DataRange() (xmin, xmax, ymin, ymax float64) {
	var all plotter.XYs
	for _, points := range l.points {
		all = append(all, points...)
	}
	return plotter.XYRange(all)
}

// curvesTable has a row for some of the places and a column for each curve.
func curvesTable(x, y string, format func(float64) string, curves []Curve) *Table {
	t := &Table{Caption: y, Header: []string{x}, Number: []bool{true}}
	longest := curves[0]
	for _, one := range curves {
		t.Header, t.Number = append(t.Header, one.Name), append(t.Number, true)
		if len(one.X) > len(longest.X) {
			longest = one
		}
	}
	step := (len(longest.X) + maxTableRows - 1) / maxTableRows
	for i := step - 1; i < len(longest.X); i += step {
		row := Row(Number(longest.X[i]))
		for _, one := range curves {
			text := "–"
			if at, found := slices.BinarySearchFunc(one.X, longest.X[i], cmp.Compare[float64]); found {
				text = format(one.Y[at])
			}
			row = append(row, Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
