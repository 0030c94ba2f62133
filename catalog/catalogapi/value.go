package catalogapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"marquee/catalog"
)

// maxExtraBytes bounds one field that is kept in Extra.
const maxExtraBytes = 64 << 10

// A record is one JSON object of the API while it is being read: each field
// that is taken is removed, and what is left at the end is extra.
type record struct {
	fields map[string]json.RawMessage
	notes  []string
}

func newRecord(data []byte) (*record, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("record %.60q is no JSON object: %w: %w", data, err, catalog.ErrInvalid)
	}
	if fields == nil {
		return nil, fmt.Errorf("record is null, want a JSON object: %w", catalog.ErrInvalid)
	}
	return &record{fields: fields}, nil
}

func (r *record) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// take removes a field and returns its value, nil if there is none or it is
// empty.
func (r *record) take(name string) json.RawMessage {
	raw := r.fields[name]
	delete(r.fields, name)
	if isEmpty(raw) {
		return nil
	}
	return raw
}

// isEmpty reports whether raw is one of the ways in which the API says nothing.
func isEmpty(raw json.RawMessage) bool {
	switch strings.TrimSpace(string(raw)) {
	case "", "null", `"null"`, `"NULL"`, `"None"`, `""`, "{}", "[]":
		return true
	}
	return false
}

// text returns a string field; numbers are taken as they are written.
func (r *record) text(name string) string {
	raw := r.take(name)
	if raw == nil {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	r.note("%s is %.40s, want a string; dropped", name, raw)
	return ""
}

// real returns a number field, which may be written as a string.
func (r *record) real(name string) float64 {
	s := r.text(name)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.note("%s is %.40q, want a number; dropped", name, s)
		return 0
	}
	return v
}

// whole returns a number field rounded to a whole number.
func (r *record) whole(name string) int64 {
	v := r.real(name)
	if math.Abs(v) > 1<<53 {
		r.note("%s is %v, want a smaller number; dropped", name, v)
		return 0
	}
	return int64(math.Round(v))
}

// yes returns a boolean field, which is mostly written "True" or "False".
func (r *record) yes(name string) bool {
	raw := r.take(name)
	switch strings.ToLower(strings.Trim(string(raw), `" `)) {
	case "true", "1", "yes":
		return true
	case "", "false", "0", "no":
		return false
	}
	r.note("%s is %.40s, want true or false; dropped", name, raw)
	return false
}

// names returns the names in an array of objects with a name, or of strings.
func (r *record) names(name string) []string {
	raw := r.take(name)
	if raw == nil {
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		r.note("%s is %.40s, want an array; dropped", name, raw)
		return nil
	}
	var out []string
	for _, item := range items {
		s, ok := nameOf(item)
		if !ok {
			r.note("an entry of %s is %.40s, want an object with a name; dropped", name, item)
		} else if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// nameOf returns the name in {"name":"x",...} or "x", "" if it is empty.
func nameOf(raw json.RawMessage) (name string, ok bool) {
	if isEmpty(raw) {
		return "", true
	}
	if json.Unmarshal(raw, &name) == nil {
		return strings.TrimSpace(name), true
	}
	var object struct{ Name json.RawMessage }
	if json.Unmarshal(raw, &object) != nil {
		return "", false
	}
	if isEmpty(object.Name) {
		return "", true
	}
	err := json.Unmarshal(object.Name, &name)
	return strings.TrimSpace(name), err == nil
}

// rest returns the fields that nothing took, without the empty ones, each in
// its shortest form, or nil. renamed gives some of them another name.
func (r *record) rest(renamed map[string]string) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	for _, name := range slices.Sorted(maps.Keys(r.fields)) {
		raw := r.fields[name]
		if isEmpty(raw) || string(raw) == "0" || string(raw) == `"0"` {
			continue
		}
		if len(raw) > maxExtraBytes || len(name) > catalog.MaxIDBytes {
			r.note("field %.40q has %d bytes, want at most %d; dropped", name, len(raw), maxExtraBytes)
			continue
		}
		var short bytes.Buffer
		if json.Compact(&short, raw) != nil {
			continue // cannot be: raw was read as JSON
		}
		if as := renamed[name]; as != "" {
			name = as
		}
		if out == nil {
			out = make(map[string]json.RawMessage)
		}
		out[catalog.CleanText(name)] = short.Bytes()
	}
	return out
}
