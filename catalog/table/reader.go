package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"marquee/catalog"
	"marquee/catalog/rows"
)

// A reader reads the records of one file, once.
type reader struct {
	opts    Options
	binding *binding
	ctx     context.Context
	file    *rows.File
	lines   *rows.Lines // JSONL
	csv     *rows.CSV   // CSV
	header  []string
	count   int // rows read, bad ones too
	bytes   int // of text in them
}

func open(ctx context.Context, path string, opts Options) (*reader, error) {
	file, err := rows.Open(path)
	if err != nil {
		return nil, err
	}
	r := &reader{opts: opts, binding: bind(opts.kind(), opts.Columns), ctx: ctx, file: file}
	if opts.format() == JSONL {
		r.lines = rows.NewLines(file, rows.MaxBytes)
		return r, nil
	}
	if err := r.readHeader(); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// readHeader reads the first line of a CSV file and finds its separator.
func (r *reader) readHeader() error {
	lines := rows.NewLines(r.file, 1<<20)
	first, err := lines.Next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the file is empty, want a header line with the names of the columns: %w", catalog.ErrInvalid)
	case errors.Is(err, rows.ErrRow):
		return fmt.Errorf("header: %w: %w", err, catalog.ErrInvalid)
	case err != nil:
		return err
	}
	comma := r.opts.Comma
	if comma == 0 {
		comma = separator(string(first))
	}
	r.csv = rows.NewCSV(io.MultiReader(strings.NewReader(string(first)+"\n"), lines.Rest()), comma, rows.MaxBytes)
	fields, err := r.csv.Next()
	if err != nil {
		return fmt.Errorf("header: %w: %w", err, catalog.ErrInvalid)
	}
	for _, f := range fields {
		name, _ := rows.Text(f)
		r.header = append(r.header, strings.TrimSpace(name))
	}
	return r.checkHeader()
}

// separator returns which of the usual separators a header holds most of.
func separator(header string) byte {
	best, most := byte(','), strings.Count(header, ",")
	for _, c := range []byte{'\t', ';', '|'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// checkHeader refuses a file without the columns that every row must have.
func (r *reader) checkHeader() error {
	has := make(map[string]bool)
	for _, name := range r.header {
		has[r.binding.claim(name).field] = true
	}
	var missing []string
	for _, field := range r.opts.required() {
		if !has[field] {
			missing = append(missing, field)
		}
	}
	for field, column := range r.opts.Columns {
		if column != "-" && !has[field] {
			return fmt.Errorf("no column %q for %s; the header has %.200q: %w", column, field, strings.Join(r.header, ", "), catalog.ErrInvalid)
		}
	}
	if missing != nil {
		return fmt.Errorf("no column for %s; the header has %.200q; name it in the column map, such as %s=%.40s: %w",
			strings.Join(missing, ", "), strings.Join(r.header, ", "), missing[0], r.header[0], catalog.ErrInvalid)
	}
	return nil
}

// A fileFault concerns the whole file, though it shows in one row.
type fileFault struct{ reason string }

func (f fileFault) Error() string { return f.reason }
func (f fileFault) Unwrap() error { return catalog.ErrInvalid }

// required returns the fields without which no row can be taken.
func (o Options) required() []string {
	switch o.kind() {
	case Ratings:
		return []string{"user", "movie", "value"}
	case Watches:
		return []string{"user", "movie"}
	case Movies:
		if o.Merge == ByIMDB || o.Merge == ByTMDB {
			return []string{o.Merge}
		}
	}
	return []string{"id"}
}

// next returns the next record and the line it began on. A fault of that row
// alone is an error that wraps [rows.ErrRow] or [catalog.ErrInvalid]; the end
// is io.EOF; any other error is final.
func (r *reader) next() (*record, int, error) {
	if r.count%256 == 0 {
		if err := r.ctx.Err(); err != nil {
			return nil, 0, err
		}
	}
	if r.csv != nil {
		return r.nextCSV()
	}
	for {
		line, err := r.lines.Next()
		number := r.lines.Number()
		if errors.Is(err, io.EOF) && r.count == 0 {
			return nil, number, fileFault{"the file is empty, want one JSON object a line"}
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r.count++
		if err != nil {
			return nil, number, err
		}
		r.bytes += len(line)
		rec, err := parseJSON(line, r.binding)
		if err != nil && number == 1 && line[0] == '[' {
			return nil, number, fileFault{"the file is one JSON list, want one object a line (jq -c '.[]' makes it)"}
		}
		return rec, number, err
	}
}

func (r *reader) nextCSV() (*record, int, error) {
	fields, err := r.csv.Next()
	r.count++
	if err != nil {
		return nil, r.csv.Line(), err
	}
	for _, f := range fields {
		r.bytes += len(f)
	}
	if len(fields) != len(r.header) {
		return nil, r.csv.Line(), fmt.Errorf("%d fields, the header has %d: %w", len(fields), len(r.header), rows.ErrRow)
	}
	return parseCSV(r.header, fields, r.binding), r.csv.Line(), nil
}

func (r *reader) close() error { return r.file.Close() }

// rowFault reports whether err concerns one row alone.
func rowFault(err error) bool {
	if _, whole := errors.AsType[fileFault](err); whole {
		return false
	}
	return errors.Is(err, rows.ErrRow) || errors.Is(err, catalog.ErrInvalid)
}
