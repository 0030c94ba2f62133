package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Point is one dot of [Points], with its name beside it.
type Point struct {
	Name  string
	X, Y  Interval
	Group int // 0 to MaxSeries-1: its colour and form
}

// MaxPoints is how many points a chart can name.
const MaxPoints = 40

// Points draws a dot for each point, with bars for its intervals and its name
// beside it. x and y name the axes with their units, groups the groups of points;
// none if there is one. A point without X or Y stands in the table alone.
func Points(title, about, x, y string, groups []string, format func(float64) string, points ...Point) (*Figure, error) {
	if len(points) == 0 || len(points) > MaxPoints || len(groups) > MaxSeries {
		return nil, fmt.Errorf("chart %q: %d points in %d groups, want 1 to %d in at most %d", title, len(points), len(groups), MaxPoints, MaxSeries)
	}
	f := &Figure{Title: title, About: about, Keys: groups, Table: &Table{Caption: title, Header: []string{"", x, y}, Number: []bool{false, true, true}}}
	p := newPlot(x, y)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = colour(inkGrid), colour(inkGrid)
	p.Add(grid)
	cloud := dots{}
	right, top := 0.0, 0.0
	for _, one := range points {
		if one.Group < 0 || one.Group >= max(1, len(groups)) {
			return nil, fmt.Errorf("chart %q: point %q is in group %d of %d", title, one.Name, one.Group, len(groups))
		}
		f.Table.Rows = append(f.Table.Rows, Row(one.Name, one.X.text(format), one.Y.text(format)))
		if !one.X.known() || !one.Y.known() {
			continue
		}
		cloud = append(cloud, one)
		lowX, highX := one.X.ends()
		lowY, highY := one.Y.ends()
		if lowX < 0 || lowY < 0 {
			p.X.Min, p.Y.Min = min(p.X.Min, lowX), min(p.Y.Min, lowY)
		}
		right, top = max(right, highX), max(top, highY)
	}
	p.Add(cloud)
	p.X.Min, p.Y.Min = min(0, finite(p.X.Min)), min(0, finite(p.Y.Min))
	p.X.Max, p.Y.Max = orOne(right*1.08), orOne(top*1.08)
	return f.drawn(p, 340)
}

// finite returns 0 for the infinity with which an axis begins.
func finite(v float64) float64 {
	if math.IsInf(v, 0) {
		return 0
	}
	return v
}

func orOne(v float64) float64 {
	if v > 0 {
		return v
	}
	return 1
}

// shapes tell groups apart without their colours.
var shapes = [MaxSeries]draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}}

// barRoom is how near a name may come to a bar.
const barRoom = 2

// A diamond is a [draw.GlyphDrawer].
type diamond struct{}

// DrawGlyph draws a square that stands on its corner.
func (diamond) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	r := style.Radius * 1.2
	c.FillPolygon(style.Color, []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}})
}

// dots is a [plot.Plotter].
type dots []Point

// Plot draws the bars, then the dots, then the names where there is room.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var tags []tag
	var dotBoxes, bars []box
	for _, one := range d {
		at := vg.Point{X: x(one.X.Value), Y: y(one.Y.Value)}
		lowX, highX := one.X.ends()
		lowY, highY := one.Y.ends()
		line := draw.LineStyle{Color: colour(inkSeries + one.Group), Width: 1.4}
		if one.X.bounded() {
			c.StrokeLine2(line, x(lowX), at.Y, x(highX), at.Y)
			bars = append(bars, box{vg.Point{X: x(lowX), Y: at.Y - barRoom}, vg.Point{X: x(highX), Y: at.Y + barRoom}})
		}
		if one.Y.bounded() {
			c.StrokeLine2(line, at.X, y(lowY), at.X, y(highY))
			bars = append(bars, box{vg.Point{X: at.X - barRoom, Y: y(lowY)}, vg.Point{X: at.X + barRoom, Y: y(highY)}})
		}
		c.DrawGlyph(draw.GlyphStyle{Color: colour(inkSeries + one.Group), Radius: 4, Shape: shapes[one.Group]}, at)
		mark := box{vg.Point{X: min(x(lowX), at.X-4), Y: min(y(lowY), at.Y-4)}, vg.Point{X: max(x(highX), at.X+4), Y: max(y(highY), at.Y+4)}}
		tags = append(tags, tag{at, mark, label(one.Name), inkText})
		dotBoxes = append(dotBoxes, box{vg.Point{X: at.X - 4, Y: at.Y - 4}, vg.Point{X: at.X + 4, Y: at.Y + 4}})
	}
	for i, s := range place(tags, box{c.Min, c.Max}, append(dotBoxes, bars...)) {
		tags[i].write(c, s)
	}
}

// DataRange implements [plot.DataRanger].
func (d dots) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, one := range d {
		lowX, highX := one.X.ends()
		lowY, highY := one.Y.ends()
		xmin, xmax, ymin, ymax = min(xmin, lowX), max(xmax, highX), min(ymin, lowY), max(ymax, highY)
	}
	return xmin, xmax, ymin, ymax
}
