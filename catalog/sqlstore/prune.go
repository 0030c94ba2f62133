package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// defaultPruneRows is how many rows [Store.Prune] removes in one transaction if
// it is not told: some 10 ms of the write lock.
const defaultPruneRows = 1000

// maxPruneRest bounds how long Prune rests after a transaction.
const maxPruneRest = 100 * time.Millisecond

// Prune removes what r no longer keeps at the time now, and returns what was
// removed. Of each table the rows go that are older than its age, and of those
// left the oldest beyond its number of rows; ties by key. Histories, opinions and
// sign-ups are counted apart, each by the limit of events; lists and feedback, each by
// that of exposures. The hourly counts of lists go by the age of exposures alone.
//
// It works in transactions that remove at most batchRows rows each (1,000 if
// that is below 1, 8,192 at most), and rests after each for as long as it took, so that
// ingestion goes on beside it. A row that grew young meanwhile stays. After each
// transaction it calls progress, unless that is nil, with what was removed so
// far. If it ends early, by ctx or by an error, what was removed stays removed
// and is returned beside the error; the next call does the rest. A limit below
// zero is an error that wraps [catalog.ErrInvalid].
//
// People whose histories shrank get a new number in [Store.ActiveSince], whether
// or not anything is left of them. Of the changes the newest stays, whatever its
// age, and so does all that the log alone knows: the last word on each experiment
// and on the live bundle. With the changes go the earlier facts of movies
// ([Store.MovieVersions]) that the last of those changes, or one before it, had
// ended. Of the offsets only those of posts go: files and topics are remembered for
// ever.
//
// It reads every key of the tables that have no order by time (histories,
// sign-ups, posts, unknown ids): some 2 s for a million. An SQLite file keeps
// its size: the room is used again.
func (s *Store) Prune(ctx context.Context, r catalog.Retention, now time.Time, batchRows int, progress func(catalog.Removal)) (catalog.Removal, error) {
	const op = "prune"
	if batchRows < 1 {
		batchRows = defaultPruneRows
	}
	batchRows = min(batchRows, pageSeen)
	p := pruner{store: s, now: now, batch: batchRows, progress: progress}
	for _, t := range agedTables {
		if err := checkLimit(t.name, t.limit(r)); err != nil {
			return catalog.Removal{}, fmt.Errorf("%s: %w", op, err)
		}
	}
	if err := checkLimit("changes", r.Changes); err != nil {
		return catalog.Removal{}, fmt.Errorf("%s: %w", op, err)
	}
	for _, t := range agedTables {
		if err := p.table(ctx, t, t.limit(r)); err != nil {
			return p.removed, s.fault(ctx, op+" "+t.name, err)
		}
	}
	if err := p.rates(ctx, r.Exposures.Age); err != nil {
		return p.removed, s.fault(ctx, op+" rates", err)
	}
	return p.removed, s.fault(ctx, op+" changes", p.changes(ctx, r.Changes))
}

func checkLimit(table string, l catalog.Limit) error {
	if l.Age < 0 || l.Rows < 0 {
		return fmt.Errorf("limit of %s is %v and %d rows, want 0 or more of both, where 0 is no limit: %w", table, l.Age, l.Rows, catalog.ErrInvalid)
	}
	return nil
}

// An agedTable is a table whose rows go by age.
type agedTable struct {
	name   string
	key    string // the columns of the primary key
	keys   int    // how many they are
	at     string // when a row was new, microseconds since 1970
	where  string // which rows may go at all
	byTime bool   // an index orders the rows by at
	people bool   // rows have a user_id, and whoever remembers that user must read anew
	limit  func(catalog.Retention) catalog.Limit
	count  func(*catalog.Removal) *int64
}

var agedTables = []agedTable{
	{
		name: "seen", key: "user_id, movie_id", keys: 2, at: "at", where: "1 = 1", people: true,
		limit: func(r catalog.Retention) catalog.Limit { return r.Events },
		count: func(r *catalog.Removal) *int64 { return &r.Seen },
	}, {
		name: "accounts", key: "user_id", keys: 1, at: "at", where: "1 = 1",
		limit: func(r catalog.Retention) catalog.Limit { return r.Events },
		count: func(r *catalog.Removal) *int64 { return &r.Accounts },
	}, {
		name: "exposures", key: "request_id", keys: 1, at: "at", where: "1 = 1", byTime: true,
		limit: func(r catalog.Retention) catalog.Limit { return r.Exposures },
		count: func(r *catalog.Removal) *int64 { return &r.Exposures },
	}, {
		name: "feedback", key: "user_id, movie_id, kind, request_id", keys: 4, at: "at", where: "1 = 1", byTime: true,
		limit: func(r catalog.Retention) catalog.Limit { return r.Exposures },
		count: func(r *catalog.Removal) *int64 { return &r.Feedback },
	}, {
		name: "opinions", key: "user_id, movie_id", keys: 2, at: "at", where: "1 = 1", people: true,
		limit: func(r catalog.Retention) catalog.Limit { return r.Events },
		count: func(r *catalog.Removal) *int64 { return &r.Opinions },
	}, {
		name: "quarantine", key: "source, position", keys: 2, at: "at", where: "1 = 1", byTime: true,
		limit: func(r catalog.Retention) catalog.Limit { return r.Quarantine },
		count: func(r *catalog.Removal) *int64 { return &r.Quarantine },
	}, {
		// An hour is as old as its last moment.
		name: "intake", key: "hour, outcome", keys: 2, at: "((hour + 1) * 3600000000 - 1)", where: "1 = 1",
		limit: func(r catalog.Retention) catalog.Limit { return r.Intake },
		count: func(r *catalog.Removal) *int64 { return &r.Intake },
	}, {
		name: "offsets", key: "source", keys: 1, at: "at", where: "source >= 'post:' AND source < 'post;'", // what begins with post:
		limit: func(r catalog.Retention) catalog.Limit { return r.Posts },
		count: func(r *catalog.Removal) *int64 { return &r.Offsets },
	}, {
		name: "unknown_ids", key: "kind, id", keys: 2, at: "at", where: "1 = 1",
		limit: func(r catalog.Retention) catalog.Limit { return r.UnknownIDs },
		count: func(r *catalog.Removal) *int64 { return &r.UnknownIDs },
	},
}

// A pruner is one call of Prune.
type pruner struct {
	store    *Store
	now      time.Time
	batch    int
	progress func(catalog.Removal)
	removed  catalog.Removal
}

// A cull says which rows of a table go: those older than before, and of those of
// that very time the first ones by key.
type cull struct {
	before int64
	ties   int64
}

// table removes what one table keeps no longer.
func (p *pruner) table(ctx context.Context, t agedTable, limit catalog.Limit) error {
	c, err := p.cullOf(ctx, t, limit)
	switch {
	case err != nil || c == nil:
		return err
	case t.byTime:
		return p.byTime(ctx, t, *c)
	}
	return p.byKey(ctx, t, *c)
}

// cullOf returns which rows go by a limit; nil if none do.
func (p *pruner) cullOf(ctx context.Context, t agedTable, limit catalog.Limit) (*cull, error) {
	horizon := "1 = 1"
	var c *cull
	if limit.Age > 0 {
		c = &cull{before: p.now.Add(-limit.Age).UnixMicro()}
		horizon = t.at + " >= " + strconv.FormatInt(c.before, 10)
	}
	if limit.Rows == 0 {
		return c, nil
	}
	get := func(dst *int64, query string, args ...any) error {
		text := strings.NewReplacer("{at}", t.at, "{rows}", t.name+" WHERE "+t.where+" AND "+horizon).Replace(query)
		return p.store.reader.GetContext(ctx, dst, p.store.reader.Rebind(text), args...)
	}
	var left, last, below int64
	if err := get(&left, "SELECT count(*) FROM {rows}"); err != nil || left <= limit.Rows {
		return c, err
	}
	beyond := left - limit.Rows
	err := get(&last, "SELECT {at} FROM {rows} ORDER BY {at} LIMIT 1 OFFSET ?", beyond-1)
	if errors.Is(err, sql.ErrNoRows) { // somebody else has removed so many meanwhile
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if err := get(&below, "SELECT count(*) FROM {rows} AND {at} < ?", last); err != nil {
		return nil, err
	}
	return &cull{before: last, ties: max(0, beyond-below)}, nil
}

// byTime removes rows of a table that an index orders by time.
func (p *pruner) byTime(ctx context.Context, t agedTable, c cull) error {
	const query = "DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE at %[3]s ? ORDER BY at, %[2]s LIMIT ?)"
	for {
		n, err := p.remove(ctx, t, fmt.Sprintf(query, t.name, t.key, "<"), c.before, p.batch)
		if err != nil {
			return err
		}
		if n < int64(p.batch) {
			break
		}
	}
	for c.ties > 0 {
		n, err := p.remove(ctx, t, fmt.Sprintf(query, t.name, t.key, "="), c.before, min(int64(p.batch), c.ties))
		if err != nil || n == 0 {
			return err
		}
		c.ties -= n
	}
	return nil
}

// remove runs a statement that deletes rows of t in a transaction, and says so.
func (p *pruner) remove(ctx context.Context, t agedTable, query string, args ...any) (n int64, err error) {
	var users []catalog.UserID
	return p.inTurn(ctx, t.count(&p.removed), func(tx *sqlx.Tx) (int64, error) {
		if t.people {
			n, users, err = deletePeople(ctx, tx, query, args...)
			if err != nil {
				return 0, err
			}
			return n, numberUsers(ctx, tx, users)
		}
		done, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
		if err != nil {
			return 0, err
		}
		return done.RowsAffected()
	})
}

// inTurn runs do in a transaction, adds the rows that it says it removed to
// count, and then rests for as long as it took: two programs may write to one
// SQLite file, and the other one tries again only every now and then.
func (p *pruner) inTurn(ctx context.Context, count *int64, do func(*sqlx.Tx) (int64, error)) (n int64, err error) {
	begun := time.Now()
	err = p.store.transact(ctx, func(tx *sqlx.Tx) error {
		n, err = do(tx)
		return err
	})
	if err != nil {
		return 0, err
	}
	*count += n
	if p.progress != nil && n > 0 {
		p.progress(p.removed)
	}
	rest := time.NewTimer(min(time.Since(begun), maxPruneRest))
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return n, ctx.Err()
	case <-rest.C:
		return n, nil
	}
}

// deletePeople runs a statement that deletes rows of people, and returns how
// many they were, and the people, each once.
func deletePeople(ctx context.Context, tx *sqlx.Tx, query string, args ...any) (n int64, users []catalog.UserID, err error) {
	known := make(map[catalog.UserID]bool)
	err = each(ctx, tx, func(rows *sqlx.Rows) error {
		var u catalog.UserID
		if err := rows.Scan(&u); err != nil {
			return err
		}
		n++
		if !known[u] {
			known[u] = true
			users = append(users, u)
		}
		return nil
	}, tx.Rebind(query+" RETURNING user_id"), args...)
	return n, users, err
}
