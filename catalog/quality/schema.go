package quality

import (
	"bytes"
	_ "embed" // the default schema
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"marquee/catalog"
)

// A Schema is what data is checked against. Its JSON form is
//
//	{"version": 1, "checks": [
//	  {"table": "movies", "column": "year", "check": "range", "min": 1870, "max": 2100, "max_share": 0.01, "severity": "warning", "why": "..."},
//	  ...
//	]}
//
// [Check] and [CheckKind] say what may stand there.
type Schema struct {
	Version int     `json:"version"`
	Checks  []Check `json:"checks"`
}

// Bounds of a schema file.
const (
	MaxSchemaBytes = 1 << 20
	MaxChecks      = 1000
)

//go:embed schema.json
var defaultSchema []byte

// DefaultSchemaJSON returns the text of the schema that is used if there is no
// other: a file to begin one's own with.
func DefaultSchemaJSON() []byte { return bytes.Clone(defaultSchema) }

// DefaultSchema returns the schema that is used if there is no other.
func DefaultSchema() (Schema, error) { return ParseSchema(defaultSchema) }

// ParseSchema reads a schema. Fields, tables, columns and kinds of checks that are
// not known are errors, as are parameters that a kind of check does not take: they
// would be ignored in silence otherwise. An error wraps [catalog.ErrInvalid] and
// names the line.
func ParseSchema(text []byte) (Schema, error) {
	if len(text) > MaxSchemaBytes {
		return Schema{}, fmt.Errorf("schema of %d bytes, want at most %d: %w", len(text), MaxSchemaBytes, catalog.ErrInvalid)
	}
	p := &schemaParser{text: text, dec: json.NewDecoder(bytes.NewReader(text))}
	s, err := p.schema()
	if err != nil {
		return Schema{}, fmt.Errorf("schema line %d: %w: %w", p.line(), err, catalog.ErrInvalid)
	}
	return s, nil
}

// A schemaParser reads JSON by tokens, so that it knows where it is.
type schemaParser struct {
	text []byte
	dec  *json.Decoder
	at   int64 // where what is read began; 0: where the decoder stands
}

// line returns the line, from 1, of what was read last.
func (p *schemaParser) line() int {
	at := p.at
	if at == 0 {
		at = p.dec.InputOffset()
	}
	return 1 + bytes.Count(p.text[:min(at, int64(len(p.text)))], []byte("\n"))
}

func (p *schemaParser) schema() (Schema, error) {
	var s Schema
	_, err := p.object(func(key string) error {
		switch key {
		case "version":
			return p.value(key, &s.Version)
		case "checks":
			return p.checks(&s)
		}
		return fmt.Errorf("unknown field %.40q, want version or checks", key)
	})
	if err != nil {
		return s, err
	}
	p.at = 0
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("something follows the schema")
	}
	if s.Version != 1 {
		return s, fmt.Errorf("version is %d, want 1", s.Version)
	}
	return s, nil
}

// object reads an object and calls field for each key, to read its value.
func (p *schemaParser) object(field func(key string) error) (keys []string, err error) {
	if err := p.delim('{'); err != nil {
		return nil, err
	}
	for p.dec.More() {
		p.at = 0
		token, err := p.dec.Token()
		if err != nil {
			return nil, mended(err)
		}
		key, _ := token.(string)
		p.at = p.dec.InputOffset()
		if slices.Contains(keys, key) {
			return nil, fmt.Errorf("%.40q stands twice", key)
		}
		keys = append(keys, key)
		if err := field(key); err != nil {
			return nil, err
		}
	}
	return keys, p.delim('}')
}

func (p *schemaParser) checks(s *Schema) error {
	if err := p.delim('['); err != nil {
		return err
	}
	for p.dec.More() {
		p.at = 0
		c := Check{line: 1 + bytes.Count(p.text[:p.begin()], []byte("\n"))}
		begin := p.begin()
		set, err := p.object(func(key string) error { return p.checkField(&c, key) })
		if err != nil {
			return err
		}
		p.at = begin + 1
		if err := c.validate(set); err != nil {
			return err
		}
		if s.Checks = append(s.Checks, c); len(s.Checks) > MaxChecks {
			return fmt.Errorf("more than %d checks", MaxChecks)
		}
	}
	return p.delim(']')
}

// begin returns where the next value begins.
func (p *schemaParser) begin() int64 {
	i := p.dec.InputOffset()
	for i < int64(len(p.text)) && bytes.IndexByte([]byte(" \t\r\n,"), p.text[i]) >= 0 {
		i++
	}
	return i
}

func (p *schemaParser) checkField(c *Check, key string) error {
	into := map[string]any{
		"table": &c.Table, "column": &c.Column, "check": &c.Kind, "severity": &c.Severity, "why": &c.Why, "min": &c.Min, "max": &c.Max,
		"values": &c.Values, "pattern": &c.Pattern, "max_share": &c.MaxShare, "rows": &c.Rows, "hours": &c.Hours,
		"references": &c.References, "other": &c.Other, "level": &c.Level,
	}
	target, known := into[key]
	if !known {
		return fmt.Errorf("unknown field %.40q, want one of %v", key, names(into))
	}
	return p.value(key, target)
}

// value reads the value of a field, which must not be null.
func (p *schemaParser) value(key string, into any) error {
	var raw json.RawMessage
	if err := p.dec.Decode(&raw); err != nil {
		return mended(err)
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s is null; leave it out instead", key)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return fmt.Errorf("%s is %.40s, want a %s", key, raw, kind.Type)
		}
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func (p *schemaParser) delim(want json.Delim) error {
	token, err := p.dec.Token()
	if err != nil {
		return mended(err)
	}
	if token != want {
		return fmt.Errorf("%.40q, want %q", fmt.Sprint(token), want.String())
	}
	return nil
}

// mended says of an early end what it is.
func mended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends in the middle")
	}
	return err
}
