package report_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog/report"
)

func write(t interface{ Fatal(...any) }, figures ...*report.Figure) string {
	p := report.Page{Title: "t"}
	for _, f := range figures {
		p.Sections = append(p.Sections, report.Section{Parts: []report.Part{{Figure: f}}})
	}
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// compared returns one chart of each kind that compares models, with name in
// every text of it.
func compared(t interface{ Fatal(...any) }, name string) []*report.Figure {
	var all []*report.Figure
	add := func(f *report.Figure, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	nan := math.NaN()
	some := []report.Interval{{Value: 0.2, Low: 0.1, High: 0.4}, {Value: 0.3, Low: nan, High: nan}, {Value: nan, Low: nan, High: nan}}
	add(report.Points(name, name, name, name, []string{name, name}, report.Percent,
		report.Point{Name: name, X: some[0], Y: some[0]}, report.Point{Name: name, X: some[1], Y: some[1], Group: 1}, report.Point{Name: name, X: some[0], Y: some[2]}))
	add(report.Curves(name, name, name, name, false, report.Number, report.Curve{Name: name, X: []float64{1, 5, 20}, Y: []float64{0, 0.2, 0.3}}, report.Curve{Name: name, X: []float64{5}, Y: []float64{0.1}}))
	add(report.Curves(name, name, name, name, true, report.Number, report.Curve{Name: name, X: []float64{0, 0.1, 1}, Y: []float64{0, 0.5, 1}}))
	add(report.Panels(name, name, name, []string{name, "b", "c"}, report.Number, report.Panel{Name: name, Values: some}, report.Panel{Name: name, Values: []report.Interval{{Value: -1, Low: -2, High: 0}, some[2], some[2]}}))
	return all
}

func TestTextsOfComparisonsAreEscaped(t *testing.T) {
	html := write(t, compared(t, attack)...)
	harmless(t, html)
	if strings.Contains(html, "onerror=alert(1)>") || strings.Contains(html, "NaN") {
		t.Error("the text is not escaped, or holds NaN")
	}
	rapid.Check(t, func(t *rapid.T) {
		harmless(t, write(t, compared(t, rapid.String().Draw(t, "text"))...))
	})
}

// A word is a text of a chart, with where it begins, y upwards.
type word struct {
	x, y float64
	text string
}

var texts = regexp.MustCompile(`<text x="([-0-9.]+)" y="([-0-9.]+)"[^>]*>([^<]*)</text>`)

func words(t *testing.T, html, prefix string) []word {
	t.Helper()
	var out []word
	for _, m := range texts.FindAllStringSubmatch(html[:strings.Index(html, "<details>")], -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		y, err2 := strconv.ParseFloat(m[2], 64)
		if err != nil || err2 != nil {
			t.Fatal(m)
		}
		if strings.HasPrefix(m[3], prefix) {
			out = append(out, word{x, -y, m[3]})
		}
	}
	return out
}

// apart fails if two names cover each other: a letter is some 5.5 wide and 9 high.
func apart(t *testing.T, all []word) {
	t.Helper()
	for i, a := range all {
		if a.x < 0 || a.x+5.5*float64(len(a.text)) > 640 || a.y < 0 || a.y > 345 {
			t.Errorf("%q begins at %v, %v, outside of the chart", a.text, a.x, a.y)
		}
		for _, b := range all[:i] {
			if math.Abs(a.y-b.y) < 9 && a.x < b.x+5.5*float64(len(b.text)) && b.x < a.x+5.5*float64(len(a.text)) {
				t.Errorf("%q at %.0f, %.0f covers %q at %.0f, %.0f", a.text, a.x, a.y, b.text, b.x, b.y)
			}
		}
	}
}

// However near the points are, their names stand apart.
func TestNamesOfPointsStandApart(t *testing.T) {
	for _, spread := range []float64{0, 0.002, 0.02, 0.2} {
		var points []report.Point
		for i := range 14 {
			x, y := 0.5+spread*math.Sin(float64(i)), 0.5+spread*math.Cos(float64(3*i))
			points = append(points, report.Point{Name: fmt.Sprintf("model %c", 'a'+i), X: report.Interval{Value: x, Low: x - 0.02, High: x + 0.02}, Y: report.Interval{Value: y, Low: y - 0.01, High: y + 0.01}})
		}
		f, err := report.Points("t", "", "x", "y", nil, report.Number, points...)
		if err != nil {
			t.Fatal(err)
		}
		names := words(t, write(t, f), "model ")
		if len(names) != len(points) {
			t.Fatalf("%d names for %d points", len(names), len(points))
		}
		apart(t, names)
	}
}

func TestNamesOfCurvesStandApart(t *testing.T) {
	var curves []report.Curve
	for i := range report.MaxCurves {
		curves = append(curves, report.Curve{Name: fmt.Sprintf("model %c", 'a'+i), X: []float64{0, 1}, Y: []float64{0, 1 - 1e-4*float64(i%3)}})
	}
	f, err := report.Curves("t", "", "x", "y", true, report.Number, curves...)
	if err != nil {
		t.Fatal(err)
	}
	names := words(t, write(t, f), "model ")
	if len(names) != len(curves) {
		t.Fatalf("%d names for %d curves", len(names), len(curves))
	}
	apart(t, names)
}

func TestComparisonsRefuse(t *testing.T) {
	one := report.Interval{Value: 1, Low: 1, High: 1}
	var errs []error
	add := func(_ *report.Figure, err error) { errs = append(errs, err) }
	add(report.Points("t", "", "", "", nil, report.Number))
	add(report.Points("t", "", "", "", nil, report.Number, report.Point{X: one, Y: one, Group: 1}))
	add(report.Points("t", "", "", "", nil, report.Number, make([]report.Point, report.MaxPoints+1)...))
	add(report.Curves("t", "", "", "", false, report.Number))
	add(report.Curves("t", "", "", "", false, report.Number, report.Curve{X: []float64{1}}))
	add(report.Curves("t", "", "", "", false, report.Number, report.Curve{X: []float64{2, 1}, Y: []float64{1, 2}}))
	add(report.Curves("t", "", "", "", false, report.Number, report.Curve{X: []float64{2}, Y: []float64{math.NaN()}}))
	add(report.Panels("t", "", "", nil, report.Number, report.Panel{}))
	add(report.Panels("t", "", "", []string{"a"}, report.Number))
	add(report.Panels("t", "", "", []string{"a"}, report.Number, report.Panel{Values: []report.Interval{one, one}}))
	for i, err := range errs {
		if err == nil {
			t.Errorf("case %d was drawn", i)
		}
	}
}
