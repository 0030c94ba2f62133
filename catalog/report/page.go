package report

import (
	_ "embed" // the template and the style sheet
	"fmt"
	"html/template"
	"io"
)

// A Page is one HTML document.
type Page struct {
	Title    string
	Subtitle string
	Lead     []Fact // the outcome at a glance, shown as a row of boxes
	Sections []Section
}

// A Fact is a figure with a name.
type Fact struct {
	Name, Value string
	Tone        Tone
}

// A Tone says how good something is. It shows as a colour and a sign, never as a
// colour alone.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Good  Tone = "good"
	Warn  Tone = "warn"
	Bad   Tone = "bad"
)

// Sign returns the character that stands for t.
func (t Tone) Sign() string {
	switch t {
	case Good:
		return "✓"
	case Warn:
		return "!"
	case Bad:
		return "✗"
	}
	return ""
}

// A Section is a part of a page under a heading of its own. The contents of a
// page link to it.
type Section struct {
	Title string
	Parts []Part
}

// A Part is a piece of a section: paragraphs, a table or a chart, in that order
// if it has several.
type Part struct {
	Title  string // a heading below the section's; may be empty
	Text   []string
	Table  *Table
	Figure *Figure
}

// A Table is a table with a header. Rows may be shorter than the header.
type Table struct {
	Caption string // may be empty
	Header  []string
	Number  []bool // by column: numbers, shown right-aligned; may be shorter than Header
	Rows    [][]Cell
}

// A Cell is one cell of a table.
type Cell struct {
	Text string
	Tone Tone
}

// Row returns cells of plain texts.
func Row(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i] = Cell{Text: t}
	}
	return cells
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// Write writes the page. The texts of p are escaped, whatever they hold.
func (p Page) Write(w io.Writer) error {
	number := 0
	t, err := template.New("page").Funcs(template.FuncMap{
		"css":     func() template.CSS { return template.CSS(pageCSS) },
		"anchor":  func(i int) string { return fmt.Sprintf("section-%d", i+1) },
		"numeric": func(t *Table, i int) bool { return i < len(t.Number) && t.Number[i] },
		"next":    func() int { number++; return number },
		"svg":     func(f *Figure, number int) template.HTML { return f.svg(number) },
	}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	return nil
}
