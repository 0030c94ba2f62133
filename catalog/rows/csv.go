package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLines is how many lines one record may span. A plot has hundreds at most,
// and every line that is held costs some 60 bytes beside its text.
const maxLines = 10_000

// CSV reads comma-separated records as in RFC 4180: a field in double quotes
// may hold the separator, line ends and doubled quotes. Unlike encoding/csv it
// is bounded, and a quote that is never closed costs the row that opened it,
// not the rest of the file. A quote inside an unquoted field is an ordinary
// character. Make one with [NewCSV].
type CSV struct {
	lines   *Lines
	comma   byte
	max     int
	pending []physical // lines to read again, after a row that went wrong
	line    int        // on which the last record began
	fields  []string
}

// A physical is one line of the file, or the fault in its place.
type physical struct {
	text   []byte
	number int
	err    error
}

// NewCSV returns the records of r, whose fields are separated by comma, an
// ASCII character; a record has at most max bytes.
func NewCSV(r io.Reader, comma byte, max int) *CSV {
	return &CSV{lines: NewLines(r, max), comma: comma, max: max}
}

// Next returns the fields of the next record, passing over empty lines; the
// slice is valid until the next call, its strings for ever. Errors are as for
// [Lines.Next]: those that wrap [ErrRow] concern one row alone.
func (c *CSV) Next() ([]string, error) {
	for {
		first, err := c.take()
		c.line = first.number
		if err != nil {
			return nil, err
		}
		if len(first.text) == 0 {
			continue
		}
		if bytes.IndexByte(first.text, '"') < 0 {
			return c.split(string(first.text)), nil
		}
		return c.quoted(first)
	}
}

// Line returns the number of the line on which the record, or the fault, that
// Next returned last began.
func (c *CSV) Line() int { return c.line }

// take returns the next line of the file, from the pending ones first.
func (c *CSV) take() (physical, error) {
	if len(c.pending) > 0 {
		p := c.pending[0]
		c.pending = c.pending[1:]
		return p, p.err
	}
	text, err := c.lines.Next()
	return physical{text: text, number: c.lines.Number(), err: err}, err
}

// split returns the fields of a line without quotes.
func (c *CSV) split(line string) []string {
	c.fields = c.fields[:0]
	for {
		i := strings.IndexByte(line, c.comma)
		if i < 0 {
			c.fields = append(c.fields, line)
			return c.fields
		}
		c.fields = append(c.fields, line[:i])
		line = line[i+1:]
	}
}

// quoted returns the fields of a record that begins with first and holds a
// quote. If it goes wrong, the lines after first are read again as records.
func (c *CSV) quoted(first physical) ([]string, error) {
	s := splitter{comma: c.comma, fields: c.fields[:0]}
	read := []physical{{text: bytes.Clone(first.text), number: first.number}}
	size := len(first.text)
	open, err := s.line(first.text)
	for open && err == nil {
		var next physical
		next, err = c.take()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("a quote is opened and never closed: %w", ErrRow)
			break
		}
		if err != nil && !errors.Is(err, ErrRow) {
			return nil, err
		}
		read = append(read, physical{text: bytes.Clone(next.text), number: next.number, err: err})
		if size += len(next.text) + 1; err != nil || size > c.max || len(read) > maxLines {
			err = fmt.Errorf("a quote is opened and not closed within %d bytes and %d lines: %w", c.max, maxLines, ErrRow)
			break
		}
		open, err = s.line(next.text)
	}
	c.fields = s.fields
	if err != nil {
		c.pending = append(read[1:], c.pending...)
		return nil, err
	}
	return c.fields, nil
}

// A splitter cuts one record into fields, line by line.
type splitter struct {
	comma  byte
	fields []string
	field  []byte // of the quoted field that is open
	open   bool
}

// line adds one line of the record and reports whether a quote stays open.
func (s *splitter) line(text []byte) (open bool, err error) {
	for {
		if !s.open {
			if len(text) > 0 && text[0] == '"' {
				s.open, s.field, text = true, s.field[:0], text[1:]
			} else {
				i := bytes.IndexByte(text, s.comma)
				if i < 0 {
					s.fields = append(s.fields, string(text))
					return false, nil
				}
				s.fields = append(s.fields, string(text[:i]))
				text = text[i+1:]
				continue
			}
		}
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			s.field = append(append(s.field, text...), '\n')
			return true, nil
		}
		s.field, text = append(s.field, text[:i]...), text[i+1:]
		switch {
		case len(text) > 0 && text[0] == '"': // doubled: one quote
			s.field, text = append(s.field, '"'), text[1:]
		case len(text) == 0 || text[0] == s.comma:
			s.fields, s.open = append(s.fields, string(s.field)), false
			if len(text) == 0 {
				return false, nil
			}
			text = text[1:]
		default:
			return false, fmt.Errorf("%.20q stands after a closing quote, want %q or the end of the line: %w", text, s.comma, ErrRow)
		}
	}
}
