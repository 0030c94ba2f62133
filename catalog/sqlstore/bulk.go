package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// chunkRows is how many rows one statement takes. With the widest table, of 10
// columns, that is 2,560 parameters; SQLite allows 32,766 and PostgreSQL 65,535.
// CPU seconds of BenchmarkPutRatings for 500,000 rows, client and server, with
// 64, 256, 1,024 and 3,000 rows: SQLite 2.9, 2.8, 2.7, 2.7; PostgreSQL 5.8, 5.3,
// 7.8, 7.3.
const chunkRows = 256

// gentleRows is how many rows one statement of a gentle bulk takes: of exposures some
// 0.5 ms on SQLite.
const gentleRows = 32

// A bulk writes many rows with few statements. The statement of a full chunk is
// prepared once.
type bulk struct {
	tx         *sqlx.Tx
	head, tail string // around the rows: "INSERT INTO t (a, b) VALUES" and "ON CONFLICT ..."
	columns    int
	chunk      int    // rows of one statement
	turns      *turns // after each statement; nil: others wait for the last
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
		chunk:   chunkRows,
	}
}

// add takes one row, which is written with its chunk. No key may be added twice
// before a flush.
func (b *bulk) add(ctx context.Context, row ...any) error {
	b.args = append(b.args, row...)
	if len(b.args) < b.chunk*b.columns {
		return nil
	}
	if b.full == nil {
		stmt, err := b.tx.PreparexContext(ctx, b.query(b.chunk))
		if err != nil {
			return err
		}
		b.full = stmt
	}
	done, err := b.full.ExecContext(ctx, b.args...)
	if b.turns != nil {
		b.turns.give()
	}
	return b.count(done, err)
}

// gentle makes b of a database in this process take a core for no longer than a list
// takes to be made: a server's requests go on in between.
func (b *bulk) gentle(t *turns) *bulk {
	t.since = time.Now()
	b.chunk, b.turns = gentleRows, t
	return b
}

// turns are those of a goroutine and of others that wait for its core. In the long run the
// others get a quarter of the time that it works: while there is more to do than cores can,
// a goroutine that gives way each time hardly comes back. The zero value is ready.
type turns struct {
	since time.Time     // when its own began
	ahead time.Duration // time that the others had beyond their share
}

// maxCredit bounds what others may have at once after a while in which nobody waited.
const maxCredit = 5 * time.Millisecond

// give lets others go on, if it is their turn.
func (t *turns) give() {
	now := time.Now()
	t.ahead = max(t.ahead-now.Sub(t.since)/4, -maxCredit)
	if t.since = now; t.ahead > 0 {
		return
	}
	runtime.Gosched()
	t.since = time.Now()
	t.ahead += t.since.Sub(now)
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
