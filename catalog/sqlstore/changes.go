package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Limits of a change.
const (
	MaxSubjectBytes = 500     // of [catalog.Change.Subject]
	MaxDetailBytes  = 1 << 20 // of [catalog.Change.Detail]
)

// changeKinds are the kinds that a change may have.
var changeKinds = []catalog.ChangeKind{
	catalog.ChangeMovie, catalog.ChangeCorrect, catalog.ChangeHide, catalog.ChangeUnhide, catalog.ChangeExperiment, catalog.ChangeBundle, catalog.ChangeForget,
}

// ChangesChannel is the channel on which PostgreSQL tells listeners that there
// are new changes, when their transaction is committed. It is a hint: nothing
// tells of a notice that was lost with a connection, so who follows polls too.
const ChangesChannel = "marquee_changes"

// PutChange appends c to the log of changes and returns its sequence number,
// 1 more than the last. c.Seq is not looked at; a zero c.At is the time of the
// call. A kind that is not one of [catalog.ChangeKind], a subject that is empty
// or longer than [MaxSubjectBytes], or a detail that is no JSON or longer than
// [MaxDetailBytes], is an error that wraps [catalog.ErrInvalid].
//
// It only tells. What movies are like, which are hidden, whose neighbours were
// corrected, which experiments there are and who was forgotten stands in tables of its own, and the methods that
// write those tell of it themselves.
func (s *Store) PutChange(ctx context.Context, c catalog.Change) (seq int64, err error) {
	const op = "store change"
	if err := checkChange(c); err != nil {
		return 0, fmt.Errorf("%s: %w", op, err)
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		seq, err = addChanges(ctx, tx, []catalog.Change{c})
		return err
	})
	if err != nil {
		return 0, err
	}
	return seq, nil
}

func checkChange(c catalog.Change) error {
	if !slices.Contains(changeKinds, c.Kind) {
		return fmt.Errorf("kind of change is %.50q, want one of %q: %w", c.Kind, changeKinds, catalog.ErrInvalid)
	}
	if err := checkText("subject of change "+string(c.Kind), c.Subject, MaxSubjectBytes); err != nil {
		return err
	}
	if c.Detail != nil && (len(c.Detail) > MaxDetailBytes || !utf8.Valid(c.Detail) || !json.Valid(c.Detail)) {
		return fmt.Errorf("detail of change %s of %q is %.50q of %d bytes, want JSON of at most %d bytes, or nil: %w",
			c.Kind, c.Subject, c.Detail, len(c.Detail), MaxDetailBytes, catalog.ErrInvalid)
	}
	return nil
}

// addChanges appends changes, in their order, to the log and returns the
// sequence number of the last; 0 if there are none. It must run under the write
// lock, which is held until the numbers are visible: so nobody who has seen one
// meets a lower one later. A zero At is now.
func addChanges(ctx context.Context, tx *sqlx.Tx, changes []catalog.Change) (last int64, err error) {
	if len(changes) == 0 {
		return 0, nil
	}
	const query = "UPDATE counters SET value = value + ? WHERE name = 'changes' RETURNING value"
	if err := tx.GetContext(ctx, &last, tx.Rebind(query), len(changes)); err != nil {
		return 0, err
	}
	b := newBulk(tx, "changes", []string{"seq", "at", "kind", "subject", "detail"}, "")
	defer b.close()
	now := time.Now()
	for i, c := range changes {
		if c.At.IsZero() {
			c.At = now
		}
		detail := sql.NullString{String: string(c.Detail), Valid: c.Detail != nil}
		if err := b.add(ctx, last-int64(len(changes)-1-i), c.At.UnixMicro(), string(c.Kind), c.Subject, detail); err != nil {
			return 0, err
		}
	}
	if err := b.flush(ctx); err != nil {
		return 0, err
	}
	if tx.DriverName() == Postgres {
		_, err = tx.ExecContext(ctx, "NOTIFY "+ChangesChannel)
	}
	return last, err
}

// ChangesSince returns at most limit changes after the sequence number seq, in
// their order. A limit below 1 means 10,000.
//
// Numbers have no gaps and become visible in their order. So a first number
// above seq+1 says that changes in between were removed by [Store.Prune], and
// that the caller must read the state they led to instead.
func (s *Store) ChangesSince(ctx context.Context, seq int64, limit int) ([]catalog.Change, error) {
	const op = "read changes"
	if err := s.there(); err != nil {
		return nil, s.fault(ctx, op, err)
	}
	if limit < 1 {
		limit = 10_000
	}
	const query = "SELECT seq, at, kind, subject, detail FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"
	var changes []catalog.Change
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var c catalog.Change
		var at int64
		var detail sql.NullString
		if err := rows.Scan(&c.Seq, &at, &c.Kind, &c.Subject, &detail); err != nil {
			return err
		}
		c.At = time.UnixMicro(at).UTC()
		if detail.Valid {
			c.Detail = json.RawMessage(detail.String)
		}
		changes = append(changes, c)
		return nil
	}, s.reader.Rebind(query), seq, limit)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	return changes, nil
}

// LastChange returns the sequence number of the newest change, 0 if there never
// was one.
func (s *Store) LastChange(ctx context.Context) (int64, error) {
	const op = "read last change"
	if err := s.there(); err != nil {
		return 0, s.fault(ctx, op, err)
	}
	last, err := lastChange(ctx, s.reader)
	return last, s.fault(ctx, op, err)
}

func lastChange(ctx context.Context, q sqlx.QueryerContext) (last int64, err error) {
	err = sqlx.GetContext(ctx, q, &last, "SELECT COALESCE(MAX(seq), 0) FROM changes")
	return last, err
}
