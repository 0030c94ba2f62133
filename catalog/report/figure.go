package report

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Figure is a chart with the table of its figures. [Bars], [Histogram],
// [Lines], [Distributions], [Heat], [Points], [Curves] and [Panels] make one.
type Figure struct {
	Title string
	About string   // what it shows, in words, for who does not see it
	Keys  []string // names of the series, in the order of their colours; none if there is one
	Table *Table

	content, viewBox string // of the SVG, sanitised
}

// svg returns the chart as an element of the page. number makes its ids unique.
func (f *Figure) svg(number int) template.HTML {
	id := "chart-" + strconv.Itoa(number)
	// The content went through sanitise; all else is escaped here.
	return template.HTML(fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="%s" role="img" aria-labelledby="%s-title %s-desc"><title id="%s-title">%s</title><desc id="%s-desc">%s</desc>%s</svg>`,
		html.EscapeString(f.viewBox), id, id, id, html.EscapeString(f.Title), id, html.EscapeString(f.About), f.content))
}

// Sizes of charts, in the points of their viewBox. A page scales them to its
// width.
const (
	chartWidth  = 620 * vg.Length(1)
	chartHeight = 240 * vg.Length(1)
	textSize    = 12
)

// newPlot returns a plot in the inks and the font of the page. Liberation Sans
// has the widths of Arial and Helvetica; textShrink is for wider ones.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	face := font.Font{Typeface: "Liberation", Variant: "Sans", Size: textSize}
	style := func(s *text.Style) { s.Font, s.Color = face, colour(inkText) }
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		style(&axis.Label.TextStyle)
		style(&axis.Tick.Label)
		axis.Color, axis.Tick.Color = colour(inkText), colour(inkText)
		axis.Label.Padding = 4
		axis.Tick.Marker = numberTicks{}
	}
	p.X.Label.Text, p.Y.Label.Text = label(x), label(y)
	return p
}

// drawn draws p into f.
func (f *Figure) drawn(p *plot.Plot, height vg.Length) (*Figure, error) {
	canvas := vgsvg.NewWith(vgsvg.UseWH(chartWidth, height))
	// Room at the right for half of the last tick's label.
	p.Draw(draw.Crop(draw.New(canvas), 2, -14, 2, -6))
	var buf bytes.Buffer
	if _, err := canvas.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("chart %q: %w", f.Title, err)
	}
	var err error
	if f.content, f.viewBox, err = sanitise(buf.Bytes()); err != nil {
		return nil, fmt.Errorf("chart %q: %w", f.Title, err)
	}
	return f, nil
}

// maxLabel is how many characters of a label a chart shows.
const maxLabel = 32

// label makes a text fit for a chart: printable, in one line, short.
func label(s string) string {
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	if len(runes) > maxLabel {
		runes = append(runes[:maxLabel-1:maxLabel-1], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '\uFFFD'
		}
	}
	return string(runes)
}

// checkFinite refuses numbers that cannot be drawn.
func checkFinite(title string, numbers ...float64) error {
	for _, v := range numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("chart %q: %v cannot be drawn", title, v)
		}
	}
	return nil
}
