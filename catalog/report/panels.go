package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Panel is one column of [Panels]: an interval for each row.
type Panel struct {
	Name   string
	Values []Interval
}

// MaxPanels is how many panels stand side by side, and MaxPanelRows how many rows
// they have room for.
const (
	MaxPanels    = 4
	MaxPanelRows = 30
)

// panelGap is the part of a panel's width that stays free at its right.
const panelGap = 0.12

// Panels draws panels side by side on one scale, each with a dot and a bar for
// its interval in every row, the first at the top. axis names what is shown, with
// its unit. What has no value stays free.
func Panels(title, about, axis string, rows []string, format func(float64) string, panels ...Panel) (*Figure, error) {
	if len(rows) == 0 || len(rows) > MaxPanelRows || len(panels) == 0 || len(panels) > MaxPanels {
		return nil, fmt.Errorf("chart %q: %d rows in %d panels, want 1 to %d in 1 to %d", title, len(rows), len(panels), MaxPanelRows, MaxPanels)
	}
	low, high := 0.0, 0.0
	t := &Table{Caption: axis, Header: []string{""}, Number: []bool{false}}
	for _, one := range panels {
		if len(one.Values) != len(rows) {
			return nil, fmt.Errorf("chart %q: %d values of %s for %d rows", title, len(one.Values), one.Name, len(rows))
		}
		t.Header, t.Number = append(t.Header, one.Name), append(t.Number, true)
		for _, v := range one.Values {
			if v.known() {
				from, to := v.ends()
				low, high = min(low, from), max(high, to)
			}
		}
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[len(rows)-1-i] = label(r)
		cells := Row(r)
		for _, one := range panels {
			cells = append(cells, Cell{Text: one.Values[i].text(format)})
		}
		t.Rows = append(t.Rows, cells)
	}
	s := &strip{panels: panels, low: low, high: low + orOne(high-low)*1.04, rows: len(rows)}
	p := newPlot(axis, "")
	p.Y.Tick.Marker, p.X.Tick.Marker = placeTicks(names), s
	p.Y.Tick.Length, p.Y.Width, p.X.Width = 0, 0, 0
	p.Add(s)
	p.X.Min, p.X.Max = 0, float64(len(panels))-panelGap
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))+0.4
	f := &Figure{Title: title, About: about, Table: t}
	return f.drawn(p, vg.Length(66+20*len(rows)))
}

// strip is a [plot.Plotter] and a [plot.Ticker]: panel i lies at i to i+1-panelGap.
type strip struct {
	panels    []Panel
	low, high float64
	rows      int
}

// at returns the place of v in panel i.
func (s *strip) at(i int, v float64) float64 {
	return float64(i) + (1-panelGap)*(v-s.low)/(s.high-s.low)
}

// marks is about how many values a panel has room to mark.
func (s *strip) marks() float64 { return 12 / float64(len(s.panels)+1) }

// steps are the values that every panel marks.
func (s *strip) steps() []float64 {
	step := roundStep((s.high - s.low) / s.marks())
	var out []float64
	for i := math.Ceil(s.low/step - 1e-9); i*step <= s.high; i++ {
		out = append(out, i*step+0) // + 0, so that it is not -0
	}
	return out
}

// Ticks implements [plot.Ticker].
func (s *strip) Ticks(_, _ float64) []plot.Tick {
	var out []plot.Tick
	for i := range s.panels {
		for _, v := range s.steps() {
			out = append(out, plot.Tick{Value: s.at(i, v), Label: short(v)})
		}
	}
	return out
}

// Plot draws the panels.
func (s *strip) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	top, bottom := float64(s.rows)-0.4, -0.6
	heading := lettering(inkText)
	heading.XAlign, heading.YAlign = text.XLeft, text.YCenter
	for i, one := range s.panels {
		for _, v := range s.steps() {
			c.StrokeLine2(draw.LineStyle{Color: colour(inkGrid), Width: 0.7}, x(s.at(i, v)), y(bottom), x(s.at(i, v)), y(top))
		}
		c.FillText(heading, vg.Point{X: x(float64(i)), Y: y(float64(s.rows))}, fitting(heading, one.Name, x(1-panelGap/3)-x(0)))
		for row, v := range one.Values {
			if !v.known() {
				continue
			}
			height := y(float64(s.rows - 1 - row))
			low, high := v.ends()
			if v.bounded() {
				c.StrokeLine2(draw.LineStyle{Color: colour(inkSeries + i), Width: 1.6}, x(s.at(i, low)), height, x(s.at(i, high)), height)
			}
			c.DrawGlyph(draw.GlyphStyle{Color: colour(inkSeries + i), Radius: 3.4, Shape: shapes[i]}, vg.Point{X: x(s.at(i, v.Value)), Y: height})
		}
	}
}

// fitting cuts name to width.
func fitting(style draw.TextStyle, name string, width vg.Length) string {
	runes := []rune(label(name))
	for n := len(runes); n > 1; n-- {
		out := string(runes[:n])
		if n < len(runes) {
			out += "…"
		}
		if style.Width(out) <= width {
			return out
		}
	}
	return string(runes[:min(1, len(runes))])
}
