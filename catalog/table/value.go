package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
)

// A value is one cell: the JSON of a JSON line, or the text of a CSV field.
type value struct {
	text  string
	raw   json.RawMessage // nil in CSV
	words map[string]bool // that say nothing; nil is empties
}

// empties are the ways in which files say that nothing is known.
var empties = map[string]bool{
	"": true, "null": true, "NULL": true, "Null": true, "nan": true, "NaN": true, "NAN": true,
	"None": true, `\N`: true, "N/A": true, "n/a": true, "<NA>": true, "undefined": true,
}

// Fields in which such a word may mean itself: ids are opaque, and there are
// movies named None, NaN and N/A.
var (
	idEmpties    = map[string]bool{"": true}
	titleEmpties = map[string]bool{"": true, "null": true, "NULL": true, "Null": true, `\N`: true}
)

// wordsOf returns the texts that say nothing in a field.
func wordsOf(field string) map[string]bool {
	switch field {
	case "id", "user", "movie":
		return idEmpties
	case "title", "original_title":
		return titleEmpties
	}
	return empties
}

// newValue returns the value of raw JSON. A JSON string becomes its text.
func newValue(raw json.RawMessage) value {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return value{text: strings.TrimSpace(s), raw: raw}
		}
	}
	return value{text: string(raw), raw: raw}
}

// empty reports whether v says nothing.
func (v value) empty() bool {
	words := v.words
	if words == nil {
		words = empties
	}
	if words[v.text] {
		return true
	}
	return v.raw != nil && (v.text == "[]" || v.text == "{}" || string(v.raw) == "null")
}

// scalar returns v as one text: an object counts as its name.
func (v value) scalar() (string, error) {
	if v.empty() {
		return "", nil
	}
	if v.raw == nil || v.raw[0] == '"' {
		if v.text[0] == '{' {
			if name, ok := nameOf(json.RawMessage(v.text)); ok {
				return name, nil
			}
			if names, ok := pythonList(v.text); ok && len(names) == 1 {
				return names[0], nil
			}
		}
		return v.text, nil
	}
	switch v.raw[0] {
	case '{':
		if name, ok := nameOf(v.raw); ok {
			return name, nil
		}
		return "", fmt.Errorf("an object without a name")
	case '[':
		return "", fmt.Errorf("a list, want one value")
	case 't', 'f':
		return v.text, nil
	}
	return wholeNumber(v.text), nil
}

// wholeNumber returns a JSON number without a fraction that is zero, so that
// 12.0 and 12 are one id.
func wholeNumber(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return s
}

// nameOf returns the name of an object, as in {"id":35,"name":"Comedy"}.
func nameOf(raw json.RawMessage) (string, bool) {
	var o struct {
		Name  *string `json:"name"`
		Title *string `json:"title"`
	}
	switch err := json.Unmarshal(raw, &o); {
	case err != nil:
		return "", false
	case o.Name != nil:
		return *o.Name, true
	case o.Title != nil:
		return *o.Title, true
	}
	return "", false
}

// list returns v as a list of texts. sep separates the entries of a text; ""
// tries "|", then ";", then ",".
func (v value) list(sep string) ([]string, error) {
	if v.empty() {
		return nil, nil
	}
	if v.text[0] == '[' || v.text[0] == '{' {
		if entries, ok := jsonList(v.text); ok {
			return entries, nil
		}
		if entries, ok := pythonList(v.text); ok {
			return entries, nil
		}
		if v.raw != nil && v.raw[0] != '"' {
			return nil, fmt.Errorf("%.40q is no list of texts", v.text)
		}
	}
	text, err := v.scalar()
	if err != nil {
		return nil, err
	}
	for _, s := range []string{sep, "|", ";", ","} {
		if s != "" && (strings.Contains(text, s) || s == sep) {
			return splitList(text, s), nil
		}
	}
	return []string{text}, nil
}

func splitList(text, sep string) []string {
	var out []string
	for entry := range strings.SplitSeq(text, sep) {
		if entry = strings.TrimSpace(entry); !empties[entry] {
			out = append(out, entry)
		}
	}
	return out
}

// jsonList returns the entries of a JSON list of texts, numbers or objects with
// names, or of one such object.
func jsonList(text string) ([]string, bool) {
	var entries []json.RawMessage
	if text[0] == '{' {
		entries = []json.RawMessage{json.RawMessage(text)}
	} else if json.Unmarshal([]byte(text), &entries) != nil {
		return nil, false
	}
	var out []string
	for _, raw := range entries {
		s, err := newValue(raw).scalar()
		if err != nil {
			return nil, false
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out, true
}

// thousands is a number in groups of three, such as 20,000 or 1,234.5.
var thousands = regexp.MustCompile(`^-?\d{1,3}(,\d{3})+(\.\d+)?$`)

// number returns v as a number; ok is false if v is empty.
func (v value) number() (f float64, ok bool, err error) {
	text, err := v.scalar()
	if err != nil || text == "" {
		return 0, false, err
	}
	bare := strings.TrimSpace(strings.TrimPrefix(text, "$"))
	if thousands.MatchString(bare) {
		bare = strings.ReplaceAll(bare, ",", "")
	}
	f, err = strconv.ParseFloat(bare, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(bare, "xX_") {
		return 0, false, fmt.Errorf("%.40q is no number", text)
	}
	return f, true, nil
}

// whole returns v as a whole number within plus and minus 2^53; 0 if v is empty.
func (v value) whole() (int64, error) {
	f, _, err := v.number()
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("%.40q is no whole number", v.text)
	}
	return int64(f), nil
}

// yes returns v as a yes or no; empty is no.
func (v value) yes() (bool, error) {
	text, err := v.scalar()
	if err != nil {
		return false, err
	}
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "1", "1.0":
		return true, nil
	case "", "false", "f", "no", "n", "0", "0.0":
		return false, nil
	}
	return false, fmt.Errorf("%.40q is neither true nor false", text)
}

// layouts are the forms of a time as text. One without a zone is UTC; seconds
// may be missing, as in the event stream. time.Parse takes a fraction after the
// seconds in any of them.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 UTC", "2006-01-02",
}

// time returns v as a time between the years 1850 and 2200, in UTC; ok is
// false if v is empty. A number is seconds since 1970, or milli-, micro- or
// nanoseconds if as seconds it would lie beyond the year 5000.
func (v value) time() (t time.Time, ok bool, err error) {
	text, err := v.scalar()
	if err != nil || text == "" {
		return time.Time{}, false, err
	}
	t, ok = parseTime(text)
	if !ok || t.Year() < 1850 || t.Year() > 2200 {
		return time.Time{}, false, fmt.Errorf("time is %.40q, want one like 2006-01-02T15:04:05Z, or seconds since 1970: %w", text, catalog.ErrInvalid)
	}
	return t.UTC(), true, nil
}

func parseTime(text string) (time.Time, bool) {
	if n, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64); err == nil {
		unit := int64(time.Second)
		for limit := int64(100_000_000_000); unit > 1 && (n > limit || n < -limit); limit *= 1000 {
			unit /= 1000
		}
		per := int64(time.Second) / unit
		return time.Unix(n/per, n%per*unit), true
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 1e11 {
		whole, part := math.Modf(f)
		return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000), true // a float64 holds microseconds, not more
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
