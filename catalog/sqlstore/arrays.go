package sqlstore

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// arrayRows is how many rows one statement of [arrays] takes. CPU of client and
// server for a pair of BenchmarkAppend without repeats, with 1,024, 8,192 and
// 65,536 rows: 18, 16 and 16 microseconds.
const arrayRows = 8192

// A column is one of a table, with its type on PostgreSQL: text, bigint, bytea
// or double precision.
type column struct{ name, kind string }

// A rowWriter takes rows and writes them with few statements. No key may be
// added twice before a flush, which writes the last rows; close gives up what
// was not flushed.
type rowWriter interface {
	add(ctx context.Context, row ...any) error
	flush(ctx context.Context) error
	close()
}

// newRowWriter returns a rowWriter into columns of a table, of the kind that is
// fast on the database of tx.
func newRowWriter(tx *sqlx.Tx, table string, columns []column, conflict string) rowWriter {
	if tx.DriverName() == Postgres {
		return newArrays(tx, table, columns, conflict)
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return newBulk(tx, table, names, conflict)
}

// arrays writes rows to PostgreSQL as one array a column. The statement has few
// parameters and always the same text, where a [bulk] makes the server parse
// and plan thousands of them for each chunk: half of its time. An UPDATE for
// rows that are known to exist, beside the INSERT, was no faster than INSERT ...
// ON CONFLICT for all.
type arrays struct {
	tx    *sqlx.Tx
	query string
	lists []arrayText
	rows  int
}

func newArrays(tx *sqlx.Tx, table string, columns []column, conflict string) *arrays {
	names, params := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
		params[i] = fmt.Sprintf("$%d::%s[]", i+1, c.kind)
	}
	return &arrays{
		tx:    tx,
		query: "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") SELECT * FROM unnest(" + strings.Join(params, ", ") + ") " + conflict,
		lists: make([]arrayText, len(columns)),
	}
}

func (a *arrays) add(ctx context.Context, row ...any) error {
	for i, v := range row {
		if err := a.lists[i].add(v); err != nil {
			return err
		}
	}
	if a.rows++; a.rows < arrayRows {
		return nil
	}
	return a.flush(ctx)
}

func (a *arrays) flush(ctx context.Context) error {
	if a.rows == 0 {
		return nil
	}
	args := make([]any, len(a.lists))
	for i := range a.lists {
		args[i] = a.lists[i].take()
	}
	a.rows = 0
	_, err := a.tx.ExecContext(ctx, a.query, args...)
	return err
}

func (a *arrays) close() {}

// An arrayText is an array in PostgreSQL's text form, under construction. The
// zero arrayText is empty.
type arrayText struct{ text []byte }

// add appends a string, an int64, a float64, bytes, or nil for NULL.
func (a *arrayText) add(v any) error {
	switch v := v.(type) {
	case string:
		a.quoted(v)
		return nil
	case nil, int64, float64, []byte:
		a.next()
	default:
		return fmt.Errorf("a value of type %T cannot stand in an array, want a string, an int64, a float64, bytes or nil", v)
	}
	switch v := v.(type) {
	case nil:
		a.text = append(a.text, "NULL"...)
	case int64:
		a.text = strconv.AppendInt(a.text, v, 10)
	case float64:
		a.text = strconv.AppendFloat(a.text, v, 'g', -1, 64)
	case []byte:
		a.text = append(a.text, `"\\x`...)
		a.text = hex.AppendEncode(a.text, v)
		a.text = append(a.text, '"')
	}
	return nil
}

// next appends what stands before an element.
func (a *arrayText) next() {
	if len(a.text) == 0 {
		a.text = append(a.text, '{')
	} else {
		a.text = append(a.text, ',')
	}
}

// quoted appends s between quotes, as an element may be any text: one that is
// empty, reads NULL, or holds commas and braces.
func (a *arrayText) quoted(s string) {
	a.next()
	a.text = append(a.text, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			a.text = append(a.text, '\\')
		}
		a.text = append(a.text, s[i])
	}
	a.text = append(a.text, '"')
}

// take returns the array and begins another.
func (a *arrayText) take() string {
	if len(a.text) == 0 {
		return "{}"
	}
	text := string(append(a.text, '}'))
	a.text = a.text[:0]
	return text
}
