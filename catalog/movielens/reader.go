package movielens

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/rows"
)

// maxRow is the longest row, in bytes; the longest in any MovieLens is under
// 1,000. Metadata rows may have [rows.MaxBytes].
const maxRow = 1 << 20

// A reader reads the rows of one file of a layout.
type reader struct {
	file  *rows.File
	sep   string      // between fields; "" is CSV
	lines *rows.Lines // unless CSV
	csv   *rows.CSV
	at    []int // column of the layout -> field of the file
	width int   // fields of a row: exactly so many in CSV, at least so many elsewhere
	out   []string
}

// open opens the file of s in dir. Its errors name the file.
func open(dir string, s source, sep string) (*reader, error) {
	path := filepath.Join(dir, s.name)
	file, err := rows.Open(path)
	if err != nil {
		return nil, err
	}
	r := &reader{file: file, sep: sep, width: len(s.columns)}
	if sep != "" {
		r.lines = rows.NewLines(file, maxRow)
		return r, nil
	}
	r.csv = rows.NewCSV(file, ',', maxRow)
	if err := r.header(s.columns); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// header finds the columns of the layout in the header of a CSV file. Columns
// it does not know are passed over.
func (r *reader) header(columns []string) error {
	header, err := r.csv.Next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the file is empty, want the header %s: %w", strings.Join(columns, ","), catalog.ErrInvalid)
	case errors.Is(err, rows.ErrRow):
		return fmt.Errorf("header: %w: %w", err, catalog.ErrInvalid)
	case err != nil:
		return err
	}
	var missing []string
	for _, column := range columns {
		at := slices.IndexFunc(header, func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), column) })
		if at < 0 {
			missing = append(missing, column)
		}
		r.at = append(r.at, at)
	}
	if missing != nil {
		return fmt.Errorf("the header %.200q has no %s, want %s: %w", strings.Join(header, ","), strings.Join(missing, ", "), strings.Join(columns, ","), catalog.ErrInvalid)
	}
	r.width = len(header)
	return nil
}

// next returns the fields of the next row in the order of the layout's columns,
// valid until the next call, and its line. Faults of one row wrap
// [rows.ErrRow]; the end is io.EOF.
func (r *reader) next() (fields []string, line int, err error) {
	if r.csv == nil {
		return r.nextLine()
	}
	all, err := r.csv.Next()
	if err != nil {
		return nil, r.csv.Line(), err
	}
	if len(all) != r.width {
		return nil, r.csv.Line(), fmt.Errorf("%d fields, want %d: %w", len(all), r.width, rows.ErrRow)
	}
	r.out = r.out[:0]
	for _, at := range r.at {
		r.out = append(r.out, strings.TrimSpace(all[at]))
	}
	return r.out, r.csv.Line(), nil
}

func (r *reader) nextLine() ([]string, int, error) {
	for {
		text, err := r.lines.Next()
		if err != nil {
			return nil, r.lines.Number(), err
		}
		if len(text) == 0 {
			continue
		}
		line, _ := rows.Text(string(text)) // these files are in Latin-1 by their README
		r.out = r.out[:0]
		for field := range strings.SplitSeq(line, r.sep) {
			r.out = append(r.out, strings.TrimSpace(field))
		}
		if len(r.out) < r.width {
			return nil, r.lines.Number(), fmt.Errorf("%d fields between %q, want %d: %w", len(r.out), r.sep, r.width, rows.ErrRow)
		}
		return r.out, r.lines.Number(), nil
	}
}

func (r *reader) close() error { return r.file.Close() }
