package ingest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

// The rival is the plain way: a regular expression for each kind of line, one
// statement for each event, a transaction for every thousand.

var (
	watchLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?),(\d+),GET /data/m/([a-z0-9+\-_.*]+)/(\d+)\.mpg$`)
	rateLine  = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?),(\d+),GET /rate/([a-z0-9+\-_.*]+)=(\d+)$`)
)

const plainTables = `
	CREATE TABLE plain_watches (user_id TEXT, movie_id TEXT, first_at BIGINT, last_at BIGINT, minute BIGINT, PRIMARY KEY (user_id, movie_id));
	CREATE TABLE plain_ratings (user_id TEXT, movie_id TEXT, rating BIGINT, at BIGINT, PRIMARY KEY (user_id, movie_id));
	CREATE TABLE plain_refused (line TEXT)`

// A plain is the rival's state.
type plain struct {
	db      *sql.DB
	dollars bool // $1 instead of ?
	tx      *sql.Tx
	n       int
}

// plainBatch is how many lines share a transaction.
const plainBatch = 1000

func (p *plain) exec(ctx context.Context, query string, args ...any) error {
	if p.dollars {
		numbered := make([]byte, 0, len(query)+8)
		n := 0
		for i := range len(query) {
			if query[i] == '?' {
				n++
				numbered = append(numbered, '$')
				numbered = strconv.AppendInt(numbered, int64(n), 10)
				continue
			}
			numbered = append(numbered, query[i])
		}
		query = string(numbered)
	}
	_, err := p.tx.ExecContext(ctx, query, args...)
	return err
}

// line stores one line.
func (p *plain) line(ctx context.Context, line string) error {
	if p.tx == nil {
		tx, err := p.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		p.tx = tx
	}
	if err := p.store(ctx, line); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	if p.n++; p.n%plainBatch == 0 {
		return p.commit()
	}
	return nil
}

func (p *plain) store(ctx context.Context, line string) error {
	if m := watchLine.FindStringSubmatch(line); m != nil {
		minute, err := strconv.Atoi(m[4])
		if err != nil {
			return err
		}
		at := plainTime(m[1])
		if p.dollars {
			return p.exec(ctx, `INSERT INTO plain_watches VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, movie_id) DO UPDATE SET
				first_at = least(plain_watches.first_at, excluded.first_at), last_at = greatest(plain_watches.last_at, excluded.last_at), minute = greatest(plain_watches.minute, excluded.minute)`, m[2], m[3], at, at, minute)
		}
		return p.exec(ctx, `INSERT INTO plain_watches VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, movie_id) DO UPDATE SET
			first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at), minute = max(minute, excluded.minute)`, m[2], m[3], at, at, minute)
	}
	if m := rateLine.FindStringSubmatch(line); m != nil {
		rating, err := strconv.Atoi(m[4])
		if err != nil {
			return err
		}
		return p.exec(ctx, `INSERT INTO plain_ratings VALUES (?, ?, ?, ?) ON CONFLICT (user_id, movie_id) DO UPDATE SET rating = excluded.rating, at = excluded.at`, m[2], m[3], rating, plainTime(m[1]))
	}
	return p.exec(ctx, `INSERT INTO plain_refused VALUES (?)`, line)
}

func (p *plain) commit() error {
	if p.tx == nil {
		return nil
	}
	err := p.tx.Commit()
	p.tx = nil
	return err
}

func plainTime(text string) int64 {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UnixMicro()
		}
	}
	return 0
}

// all stores every line of r.
func (p *plain) all(ctx context.Context, r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if err := p.line(ctx, lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return p.commit()
}
