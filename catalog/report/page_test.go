package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog/report"
)

const attack = `"><script>alert('x')</script><img src=x onerror=alert(1)>&{{.}}`

var day = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)

// figures returns one chart of each kind, with name in every text of it.
func figures(t interface{ Fatal(...any) }, name string) []*report.Figure {
	times := []time.Time{day, day.Add(time.Hour), day.Add(2 * time.Hour)}
	series := []report.Series{{Name: name, Values: []float64{1, 2, 0}}, {Name: name + "2", Values: []float64{3, 0, 1e6}}}
	var all []*report.Figure
	add := func(f *report.Figure, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	add(report.Bars(name, name, name, []string{name, "b", "c"}, report.Number, series...))
	add(report.Histogram(name, name, name, name, []report.Bin{{From: 0, To: 1, Count: 4}, {From: 1, To: 3, Count: 9}}))
	add(report.Lines(name, name, name, times, series...))
	add(report.Lines(name, name, name, times[:1], report.Series{Name: name, Values: []float64{3}}))
	add(report.Distributions(name, name, name, report.Distribution{Name: name, X: []float64{1, 2}, Y: []float64{0.5, 1}}, report.Distribution{Name: name, X: []float64{3}, Y: []float64{1}}))
	add(report.Heat(name, name, times, time.Hour, report.Percent, series...))
	return all
}

func page(t interface{ Fatal(...any) }, name string) string {
	p := report.Page{Title: name, Subtitle: name, Lead: []report.Fact{{Name: name, Value: name, Tone: report.Bad}}}
	for _, f := range figures(t, name) {
		p.Sections = append(p.Sections, report.Section{Title: name, Parts: []report.Part{
			{Title: name, Text: []string{name}, Figure: f, Table: &report.Table{Caption: name, Header: []string{name}, Rows: [][]report.Cell{report.Row(name)}}},
		}})
	}
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

var (
	ids  = regexp.MustCompile(` id="([^"]*)"`)
	tags = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9]*)`)
	open = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	sets = regexp.MustCompile(`([a-zA-Z:-]+)="([^"]*)"`)
)

// harmless fails if the page holds an element it never writes, an outside
// reference, or an id twice.
func harmless(t interface{ Fatalf(string, ...any) }, html string) {
	known := map[string]bool{}
	for _, tag := range strings.Fields("html head meta title style body header h1 p dl div dt dd span nav ul li a main section h2 h3 figure figcaption svg desc g path text details summary table caption thead tr th tbody td") {
		known[tag] = true
	}
	for _, m := range tags.FindAllStringSubmatch(html, -1) {
		if !known[m[1]] {
			t.Fatalf("the page holds an element %q", m[1])
		}
	}
	for _, tag := range open.FindAllString(html, -1) {
		for _, m := range sets.FindAllStringSubmatch(tag, -1) {
			switch {
			case strings.HasPrefix(m[1], "on"), m[1] == "src", m[1] == "href" && !strings.HasPrefix(m[2], "#"), m[1] == "style" && strings.Contains(m[2], "url"):
				t.Fatalf("the page holds %s", tag)
			}
		}
		if rest := sets.ReplaceAllString(tag, ""); strings.ContainsAny(rest, `="`) {
			t.Fatalf("an attribute ends where it should not: %s", tag)
		}
	}
	if strings.Contains(strings.ToLower(regexp.MustCompile(`(?s)<style>.*?</style>`).FindString(html)), "url(") {
		t.Fatalf("the style sheet fetches something")
	}
	seen := map[string]bool{}
	for _, m := range ids.FindAllStringSubmatch(html, -1) {
		if seen[m[1]] {
			t.Fatalf("id %q stands twice", m[1])
		}
		seen[m[1]] = true
	}
}

// Whatever a text holds, it is shown and does nothing.
func TestTextsAreEscaped(t *testing.T) {
	html := page(t, attack)
	harmless(t, html)
	if strings.Contains(html, "onerror=alert(1)>") || !strings.Contains(html, "&lt;script&gt;") {
		t.Error("the text is not escaped")
	}
	rapid.Check(t, func(t *rapid.T) {
		harmless(t, page(t, rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("<>\"'&;/ =:(){}scriptonload\x00\u202e\ufffe]]>-!")))).Draw(t, "text")))
	})
}

// Charts are well-formed, have a title and a description, and take their colours
// from the page.
func TestChartsAreAccessible(t *testing.T) {
	html := page(t, "Ratings")
	charts := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1)
	if len(charts) != 6 {
		t.Fatalf("%d charts, want 6", len(charts))
	}
	for _, c := range charts {
		dec := xml.NewDecoder(strings.NewReader(c))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %.200s", err, c)
			}
		}
		for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "viewBox=\"0 0 620", "var(--ink)"} {
			if !strings.Contains(c, want) {
				t.Errorf("no %s in %.200s", want, c)
			}
		}
		for _, never := range []string{"#1", "font-family", "width=\"", "NaN"} {
			if strings.Contains(c, never) {
				t.Errorf("%s in %.300s", never, c)
			}
		}
	}
	if n := strings.Count(html, "Figures of the chart"); n != 6 {
		t.Errorf("%d charts have a table beside them, want 6", n)
	}
	for _, want := range []string{"prefers-color-scheme: dark", "@media print", "Content-Security-Policy", `lang="en"`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in the page", want)
		}
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	nan := []report.Series{{Name: "a", Values: []float64{math.NaN()}}}
	long := make([]string, report.MaxBars+1)
	for name, err := range map[string]error{
		"no labels":       second(report.Bars("t", "", "", nil, report.Number, nan...)),
		"too many labels": second(report.Bars("t", "", "", long, report.Number, nan...)),
		"NaN bar":         second(report.Bars("t", "", "", []string{"a"}, report.Number, nan...)),
		"missing value":   second(report.Bars("t", "", "", []string{"a", "b"}, report.Number, nan...)),
		"no bins":         second(report.Histogram("t", "", "", "", nil)),
		"empty bin":       second(report.Histogram("t", "", "", "", []report.Bin{{From: 1, To: 1}})),
		"infinite bin":    second(report.Histogram("t", "", "", "", []report.Bin{{From: 1, To: math.Inf(1)}})),
		"no times":        second(report.Lines("t", "", "", nil, nan...)),
		"NaN line":        second(report.Lines("t", "", "", []time.Time{day}, nan...)),
		"no values":       second(report.Distributions("t", "", "", report.Distribution{})),
		"NaN heat":        second(report.Heat("t", "", []time.Time{day}, time.Hour, report.Number, nan...)),
		"no width":        second(report.Heat("t", "", []time.Time{day}, 0, report.Number, report.Series{Values: []float64{1}})),
	} {
		if err == nil || !strings.Contains(err.Error(), `chart "t"`) {
			t.Errorf("%s: %v, want an error that names the chart", name, err)
		}
	}
}

func second(_ *report.Figure, err error) error { return err }

func TestNumbersForReaders(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{report.Number(0), "0"}, {report.Number(1234567), "1,234,567"}, {report.Number(-1234), "-1,234"}, {report.Number(3.14159), "3.142"},
		{report.Number(12345.6), "12,346"}, {report.Number(0.00001234), "1.23e-05"}, {report.Number(math.NaN()), "–"}, {report.Number(math.Inf(1)), "–"},
		{report.Count(1000), "1,000"}, {report.Percent(0), "0%"}, {report.Percent(1), "100%"}, {report.Percent(0.0314), "3.14%"},
		{report.Percent(0.1), "10%"}, {report.Percent(0.00001), "<0.01%"}, {report.Percent(0.99999), ">99.99%"}, {report.Percent(math.NaN()), "–"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Axes of any length have ticks that can be told apart.
func TestLinesOverAnySpan(t *testing.T) {
	for _, span := range []time.Duration{time.Second, 15 * time.Second, time.Hour, 26 * time.Hour, 9 * 24 * time.Hour, 400 * 24 * time.Hour, 30 * 365 * 24 * time.Hour} {
		f, err := report.Lines("t", "", "", []time.Time{day, day.Add(span / 2), day.Add(span)}, report.Series{Name: "a", Values: []float64{1, 2, 3}})
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := (report.Page{Sections: []report.Section{{Parts: []report.Part{{Figure: f}}}}}).Write(&buf); err != nil {
			t.Fatal(err)
		}
		texts := regexp.MustCompile(`<text[^>]*>([^<]*[0-9:][^<]*)</text>`).FindAllStringSubmatch(buf.String(), -1)
		seen := map[string]bool{}
		for _, m := range texts[:len(texts)-4] { // the last are those of the other axis
			if seen[m[1]] {
				t.Errorf("over %s the tick %q stands twice", span, m[1])
			}
			seen[m[1]] = true
		}
		if len(seen) < 2 || len(seen) > 8 {
			t.Errorf("over %s there are %d ticks: %v", span, len(seen), seen)
		}
	}
}
