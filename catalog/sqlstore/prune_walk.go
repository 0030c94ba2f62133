package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// A keyAt is the key of a row and when it was new.
type keyAt struct {
	key []any
	at  int64
}

// byKey removes rows of a table that has no order by time: it reads the keys in
// pages, without a lock, and deletes by ranges of keys in which so many rows are
// too old. A range is looked at again when it is deleted, so that no row goes
// which grew young.
func (p *pruner) byKey(ctx context.Context, t agedTable, c cull) error {
	var after []any
	for {
		page, err := p.keyPage(ctx, t, after)
		if err != nil {
			return err
		}
		if after, err = p.page(ctx, t, &c, after, page); err != nil {
			return err
		}
		if len(page) < pageSeen {
			return nil
		}
	}
}

// page removes what goes of a page that follows the key after, and returns the
// last key of the page.
func (p *pruner) page(ctx context.Context, t agedTable, c *cull, after []any, page []keyAt) ([]any, error) {
	rows := 0
	for i, row := range page {
		ties := c.ties > 0
		if row.at < c.before || ties && row.at == c.before {
			rows++
		}
		if ties && row.at == c.before {
			c.ties--
		}
		// A range ends where a transaction is full, where the last of the ties
		// stands, because the rows after it are judged otherwise, and with the page.
		if rows < p.batch && ties == (c.ties > 0) && i < len(page)-1 {
			continue
		}
		if rows > 0 {
			if err := p.removeRange(ctx, t, after, row.key, *c, ties); err != nil {
				return nil, err
			}
		}
		after, rows = row.key, 0
	}
	return after, nil
}

// keyPage returns the keys of at most pageSeen rows after the given one, nil for
// the first.
func (p *pruner) keyPage(ctx context.Context, t agedTable, after []any) ([]keyAt, error) {
	where, args := t.where, append([]any{}, after...)
	if after != nil {
		where += " AND " + compareKey(t, ">")
	}
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s ORDER BY %s LIMIT ?", t.key, t.at, t.name, where, t.key)
	page := make([]keyAt, 0, pageSeen)
	err := each(ctx, p.store.reader, func(rows *sqlx.Rows) error {
		row, err := rows.SliceScan()
		if err != nil {
			return err
		}
		at, ok := row[t.keys].(int64)
		if !ok {
			return fmt.Errorf("time of a row of %s is a %T, want a whole number: %w", t.name, row[t.keys], catalog.ErrDamaged)
		}
		for i, v := range row[:t.keys] {
			if raw, ok := v.([]byte); ok { // as a driver may give a text
				row[i] = string(raw)
			}
		}
		page = append(page, keyAt{key: row[:t.keys], at: at})
		return nil
	}, p.store.reader.Rebind(query), append(args, pageSeen)...)
	return page, err
}

func (p *pruner) removeRange(ctx context.Context, t agedTable, after, last []any, c cull, ties bool) error {
	where, args := t.where, append([]any{}, after...)
	if after != nil {
		where += " AND " + compareKey(t, ">")
	}
	older := "<"
	if ties {
		older = "<="
	}
	query := fmt.Sprintf("DELETE FROM %s WHERE %s AND %s AND %s %s ?", t.name, where, compareKey(t, "<="), t.at, older)
	_, err := p.remove(ctx, t, query, append(append(args, last...), c.before)...)
	return err
}

func compareKey(t agedTable, comparison string) string {
	return "(" + t.key + ") " + comparison + " (" + strings.Repeat("?, ", t.keys-1) + "?)"
}
