package report

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MaxHeatRows is how many rows a [Heat] has room for.
const MaxHeatRows = 30

// Heat draws a strip for each series: the darker, the greater the value at that
// time, from 0 to the greatest of all. times must be ascending, and each is the
// beginning of a cell of the given width. format writes a value in the table.
// Values must be finite and not below 0.
func Heat(title, about string, times []time.Time, width time.Duration, format func(float64) string, series ...Series) (*Figure, error) {
	if len(times) == 0 || len(series) == 0 || len(series) > MaxHeatRows || width <= 0 {
		return nil, fmt.Errorf("chart %q: %d times of %s and %d series, want at least 1 and 1 to %d", title, len(times), width, len(series), MaxHeatRows)
	}
	most := 0.0
	names := make([]string, len(series))
	for i, s := range series {
		if len(s.Values) != len(times) {
			return nil, fmt.Errorf("chart %q: %d values of %s for %d times", title, len(s.Values), s.Name, len(times))
		}
		if err := checkFinite(title, s.Values...); err != nil {
			return nil, err
		}
		for _, v := range s.Values {
			most = max(most, v)
		}
		names[len(series)-1-i] = label(s.Name)
	}
	p := newPlot("time (UTC); darkest: "+format(most), "")
	p.X.Tick.Marker, p.Y.Tick.Marker = timeTicks{}, placeTicks(names)
	p.Y.Tick.Length, p.Y.Width = 0, 0
	p.Add(&strips{times: times, width: width.Seconds(), series: series, most: most})
	p.X.Min, p.X.Max = seconds(times[0]), seconds(times[len(times)-1])+width.Seconds()
	p.Y.Min, p.Y.Max = -0.5, float64(len(series))-0.5
	var labels []string
	for _, t := range times {
		labels = append(labels, t.UTC().Format("2006-01-02 15:04:05"))
	}
	f := &Figure{Title: title, About: about, Table: tableOf(title, labels, format, series)}
	return f.drawn(p, vg.Length(48+22*len(series)))
}

// strips is a [plot.Plotter].
type strips struct {
	times  []time.Time
	width  float64 // of a cell, seconds
	series []Series
	most   float64
}

// Plot draws the cells.
func (s *strips) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for row, one := range s.series {
		middle := float64(len(s.series) - 1 - row)
		for i, v := range one.Values {
			level := s.level(v)
			if level == 0 {
				continue
			}
			from := seconds(s.times[i])
			low, high := y(middle-0.42), y(middle+0.42)
			c.FillPolygon(colour(inkHeat+level-1), []vg.Point{
				{X: x(from), Y: low}, {X: x(from), Y: high}, {X: x(from + s.width), Y: high}, {X: x(from + s.width), Y: low},
			})
		}
	}
}

// level returns the shade of v: 0 for nothing at all.
func (s *strips) level(v float64) int {
	if !(v > 0) || !(s.most > 0) {
		return 0
	}
	return min(heatLevels, max(1, int(math.Ceil(v/s.most*heatLevels))))
}
