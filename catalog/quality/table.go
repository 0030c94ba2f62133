package quality

import "time"

// A Kind says what a column holds, and so how it is summed up.
type Kind string

// The kinds of columns.
const (
	KindID       Kind = "id"       // a name of something: how many different ones
	KindNumber   Kind = "number"   // moments and quantiles
	KindCategory Kind = "category" // one of few words: the most frequent ones
	KindText     Kind = "text"     // prose: how long
	KindTime     Kind = "time"     // first and last
	KindFlag     Kind = "flag"     // "true" or "false"
	KindList     Kind = "list"     // several words: the most frequent ones, how many
)

// A column is one column of a table.
type column struct {
	name     string
	kind     Kind
	unit     string
	personal bool // names a person: its values are shown to nobody who did not ask for them
}

// A table is one table as it is profiled.
type table struct {
	name    string
	about   string
	columns []column
	refs    []ref
}

// A ref says that a column names rows of another table.
type ref struct {
	column string
	to     string // "movies" or "users"
}

// index returns the place of a column, -1 if there is none of that name.
func (t *table) index(name string) int {
	for i, c := range t.columns {
		if c.name == name {
			return i
		}
	}
	return -1
}

// A cell is the value of one column in one row.
type cell struct {
	has    bool // false if it is missing
	number float64
	text   string
	list   []string
}

// A row is reused: nobody may hold its cells.
type row struct {
	cells  []cell
	weight int64
	holes  uint32 // a bit for each ref of the table that names nothing
	key    string // names the row to a reader
	public string // likewise, without a person's id; equal to key if that has none
}

// begin empties r.
func (r *row) begin(key, public string) {
	r.cells, r.weight, r.holes, r.key, r.public = r.cells[:0], 1, 0, key, public
}

// text adds a text, which is missing if it is empty.
func (r *row) text(s string) { r.cells = append(r.cells, cell{has: s != "", text: s}) }

// number adds a number; known says whether it is there at all.
func (r *row) number(v float64, known bool) {
	r.cells = append(r.cells, cell{has: known, number: v})
}

// positive adds a number of which 0 means unknown.
func (r *row) positive(v float64) { r.number(v, v != 0) }

// at adds a time, as microseconds since 1970; a zero one is missing.
func (r *row) at(t time.Time) { r.number(float64(t.UnixMicro()), !t.IsZero()) }

// flag adds a truth.
func (r *row) flag(yes, known bool) {
	text := "false"
	if yes {
		text = "true"
	}
	r.cells = append(r.cells, cell{has: known, text: text})
}

// list adds a list, which is missing if it is empty.
func (r *row) list(items []string) { r.cells = append(r.cells, cell{has: len(items) > 0, list: items}) }

// hole marks the i-th ref of the table as naming nothing.
func (r *row) hole(i int, missing bool) {
	if missing {
		r.holes |= 1 << i
	}
}
