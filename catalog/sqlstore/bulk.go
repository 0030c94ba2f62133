package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// chunkRows is how many rows one statement takes. With the widest table, of 10
// columns, that is 2,560 parameters; SQLite allows 32,766 and PostgreSQL 65,535.
// CPU seconds of BenchmarkPutRatings for 500,000 rows, client and server, with
// 64, 256, 1,024 and 3,000 rows: SQLite 2.9, 2.8, 2.7, 2.7; PostgreSQL 5.8, 5.3,
// 7.8, 7.3.
const chunkRows = 256

// A bulk writes many rows with few statements. The statement of a full chunk is
// prepared once.
type bulk struct {
	tx         *sqlx.Tx
	head, tail string // around the rows: "INSERT INTO t (a, b) VALUES" and "ON CONFLICT ..."
	columns    int
	args       []any
	full       *sqlx.Stmt
	stored     int64 // rows that were inserted or updated so far
}

// newBulk returns a bulk that inserts into the named columns of a table.
func newBulk(tx *sqlx.Tx, table string, columns []string, conflict string) *bulk {
	return &bulk{
		tx:      tx,
		head:    "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ",
		tail:    " " + conflict,
		columns: len(columns),
	}
}

// add takes one row, which is written with its chunk. No key may be added twice
// before a flush.
func (b *bulk) add(ctx context.Context, row ...any) error {
	b.args = append(b.args, row...)
	if len(b.args) < chunkRows*b.columns {
		return nil
	}
	if b.full == nil {
		stmt, err := b.tx.PreparexContext(ctx, b.query(chunkRows))
		if err != nil {
			return err
		}
		b.full = stmt
	}
	done, err := b.full.ExecContext(ctx, b.args...)
	return b.count(done, err)
}

// count notes what a statement did with the rows of args.
func (b *bulk) count(done sql.Result, err error) error {
	b.args = b.args[:0]
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	b.stored += n
	return err
}

// flush writes the last rows and gives the statement back.
func (b *bulk) flush(ctx context.Context) error {
	defer b.close()
	if len(b.args) == 0 {
		return nil
	}
	done, err := b.tx.ExecContext(ctx, b.query(len(b.args)/b.columns), b.args...)
	return b.count(done, err)
}

func (b *bulk) close() {
	if b.full != nil {
		b.full.Close()
		b.full = nil
	}
}

func (b *bulk) query(rows int) string {
	return b.tx.Rebind(b.head + tuples(rows, b.columns) + b.tail)
}

// tuples returns "(?,?),(?,?)" for so many rows of so many columns.
func tuples(rows, columns int) string {
	row := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(row+",", rows-1) + row
}

// A queryer is a transaction or a pool of connections.
type queryer interface {
	sqlx.QueryerContext
	Rebind(string) string
}

// lookup runs a query for keys, a chunk of them at a time, and calls scan for
// every row. The query holds %s where the keys go, as tuples of the given
// number of columns; flat holds the keys' columns one after another.
func lookup[K any](ctx context.Context, q queryer, query string, columns int, flat []K, scan func(*sqlx.Rows) error) error {
	for chunk := range slices.Chunk(flat, chunkRows*columns) {
		args := make([]any, len(chunk))
		for i, k := range chunk {
			args[i] = k
		}
		text := q.Rebind(fmt.Sprintf(query, tuples(len(chunk)/columns, columns)))
		if err := each(ctx, q, scan, text, args...); err != nil {
			return err
		}
	}
	return nil
}

// each runs a query and calls scan for every row; the rows are closed when it
// returns.
func each(ctx context.Context, q queryer, scan func(*sqlx.Rows) error, query string, args ...any) error {
	rows, err := q.QueryxContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// lookupExec runs a statement for keys of one column, a chunk of them at a
// time; %s stands where the keys go, inside the brackets of an IN.
func lookupExec[K any](ctx context.Context, tx *sqlx.Tx, statement string, keys []K) error {
	for chunk := range slices.Chunk(keys, chunkRows) {
		args := make([]any, len(chunk))
		for i, k := range chunk {
			args[i] = k
		}
		if _, err := tx.ExecContext(ctx, tx.Rebind(fmt.Sprintf(statement, tuples(len(chunk), 1))), args...); err != nil {
			return err
		}
	}
	return nil
}
