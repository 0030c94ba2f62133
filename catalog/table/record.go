package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/rows"
)

// Limits of the columns without a field, which are kept in Extra.
const (
	maxExtras     = 100
	maxExtraBytes = 64 << 10 // of one value
)

// A record is one row: values by our fields, and the other columns.
type record struct {
	values map[string]value
	ranks  map[string]int
	extra  map[string]json.RawMessage
	notes  []string // what had to be cut or dropped
}

func newRecord() *record {
	return &record{values: make(map[string]value), ranks: make(map[string]int)}
}

func (r *record) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// put gives a column's value to its field. A value that says nothing leaves the
// field to the next column that claims it.
func (r *record) put(column string, c claim, v value) {
	v.words = wordsOf(c.field)
	if c.ignored || v.empty() {
		return
	}
	if c.field == "" {
		r.keep(column, v)
		return
	}
	rank, taken := r.ranks[c.field]
	if !taken || c.rank < rank {
		if taken {
			r.keep(column, r.values[c.field])
		}
		r.values[c.field], r.ranks[c.field] = v, c.rank
		return
	}
	r.keep(column, v)
}

// keep puts a value in Extra, if it says something there.
func (r *record) keep(column string, v value) {
	v.words = nil
	if v.empty() {
		return
	}
	raw := v.raw
	if raw == nil {
		raw, _ = json.Marshal(v.text) // a string always has its JSON
	} else {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) == nil {
			raw = compact.Bytes()
		}
	}
	switch column = catalog.CleanText(column); {
	case len(raw) > maxExtraBytes:
		r.note("column %.40q has %d bytes, want at most %d in a column without a field; dropped", column, len(raw), maxExtraBytes)
	case len(column) > catalog.MaxIDBytes:
		r.note("a column's name has %d bytes, want at most %d; dropped", len(column), catalog.MaxIDBytes)
	case len(r.extra) >= maxExtras:
		r.note("more than %d columns without a field; column %.40q dropped", maxExtras, column)
	default:
		if r.extra == nil {
			r.extra = make(map[string]json.RawMessage)
		}
		r.extra[column] = raw
	}
}

// Accessors of fields. A value of the wrong kind is dropped and noted: one odd
// number must not cost a movie.

func (r *record) text(field string) string {
	s, err := r.values[field].scalar()
	r.drop(field, err)
	return s
}

func (r *record) list(field, sep string) []string {
	l, err := r.values[field].list(sep)
	r.drop(field, err)
	return l
}

func (r *record) whole(field string) int64 {
	n, err := r.values[field].whole()
	r.drop(field, err)
	return n
}

func (r *record) number(field string) float64 {
	f, _, err := r.values[field].number()
	r.drop(field, err)
	return f
}

func (r *record) yes(field string) bool {
	yes, err := r.values[field].yes()
	r.drop(field, err)
	return yes
}

func (r *record) drop(field string, err error) {
	if err != nil {
		r.note("%s: %v; dropped", field, err)
	}
}

// parseJSON returns the record of one JSON line.
func parseJSON(line []byte, b *binding) (*record, error) {
	text, mended := rows.Text(string(line))
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return nil, fmt.Errorf("want one JSON object on the line: %w", cause(err))
	}
	r := newRecord()
	if mended {
		r.note("not valid UTF-8, mended")
	}
	for _, name := range slices.Sorted(maps.Keys(object)) { // sorted: which of two columns wins must not change
		r.put(name, b.claim(name), newValue(object[name]))
	}
	return r, nil
}

func cause(err error) error {
	if err == nil {
		return fmt.Errorf("it is null: %w", catalog.ErrInvalid)
	}
	return fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
}

// parseCSV returns the record of the fields under header, which has as many.
func parseCSV(header, fields []string, b *binding) *record {
	r := newRecord()
	for i, field := range fields {
		text, mended := rows.Text(field)
		if mended {
			r.note("column %q is not valid UTF-8, mended", header[i])
		}
		r.put(header[i], b.claim(header[i]), value{text: strings.TrimSpace(text)})
	}
	return r
}
