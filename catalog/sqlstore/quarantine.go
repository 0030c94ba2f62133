package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// pageQuarantine is how many lines are read when no limit is given.
const pageQuarantine = 1000

const quarantineQuery = "SELECT source, position, reason, user_id, line, at FROM quarantine "

// Quarantined returns at most limit refused lines, those refused last first; a
// limit below 1 means 1,000.
func (s *Store) Quarantined(ctx context.Context, limit int) ([]catalog.Refused, error) {
	if limit < 1 {
		limit = pageQuarantine
	}
	lines, err := s.refused(ctx, "ORDER BY at DESC, source, position DESC LIMIT ?", limit)
	return lines, s.fault(ctx, "read quarantine", err)
}

// QuarantineLines returns at most limit of the refused lines that f picks and
// that stand after the given place, by source and then by offset; a limit below
// 1 means 1,000. The zero place is before all of them. So the place of a page's
// last line leads to the next page, and a line that stays in quarantine is met
// once, whatever comes and goes meanwhile.
func (s *Store) QuarantineLines(ctx context.Context, f catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error) {
	if limit < 1 {
		limit = pageQuarantine
	}
	where, args := []string{"(source, position) > (?, ?)"}, []any{after.Source, after.Offset}
	if after == (catalog.RefusedPlace{}) {
		where, args = []string{"source > ''"}, nil
	}
	only := func(condition string, arg any) {
		where, args = append(where, condition), append(args, arg)
	}
	if f.Source != "" {
		only("source = ?", f.Source)
	}
	if f.Reason != "" {
		only("reason = ?", f.Reason)
	}
	if !f.Since.IsZero() {
		only("at >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		only("at < ?", f.Until.UnixMicro())
	}
	lines, err := s.refused(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY source, position LIMIT ?", append(args, limit)...)
	return lines, s.fault(ctx, "read quarantine", err)
}

// refused returns the lines that the end of a query picks.
func (s *Store) refused(ctx context.Context, end string, args ...any) ([]catalog.Refused, error) {
	var lines []catalog.Refused
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var r catalog.Refused
		var at int64
		if err := rows.Scan(&r.Source, &r.Offset, &r.Reason, &r.User, &r.Line, &at); err != nil {
			return err
		}
		if r.Line == nil { // as a driver may give an empty one
			r.Line = []byte{}
		}
		r.At = time.UnixMicro(at).UTC()
		lines = append(lines, r)
		return nil
	}, s.reader.Rebind(quarantineQuery+end), args...)
	return lines, err
}

// QuarantineCounts returns how many refused lines there are for each reason.
func (s *Store) QuarantineCounts(ctx context.Context) (map[string]int, error) {
	counts := make(map[string]int)
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var reason string
		var n int
		if err := rows.Scan(&reason, &n); err != nil {
			return err
		}
		counts[reason] = n
		return nil
	}, "SELECT reason, count(*) FROM quarantine GROUP BY reason")
	return counts, s.fault(ctx, "count quarantine", err)
}

// checkReasons refuses lines whose reason cannot be counted.
func checkReasons(refused []catalog.Refused) error {
	for _, r := range refused {
		if err := checkText("reason", r.Reason, MaxReasonBytes); err != nil {
			return err
		}
	}
	return nil
}

// storeRefused keeps refused lines of one partition. A line that is there
// already takes the new reason.
func storeRefused(ctx context.Context, tx *sqlx.Tx, partition string, refused []catalog.Refused) error {
	last := make(map[int64]catalog.Refused, len(refused))
	var offsets []int64
	for _, r := range refused {
		if _, known := last[r.Offset]; !known {
			offsets = append(offsets, r.Offset)
		}
		last[r.Offset] = r
	}
	columns := []column{{"source", "text"}, {"position", "bigint"}, {"reason", "text"}, {"user_id", "text"}, {"line", "bytea"}, {"at", "bigint"}}
	const conflict = `ON CONFLICT (source, position) DO UPDATE
		SET reason = excluded.reason, user_id = excluded.user_id, line = excluded.line, at = excluded.at`
	w := newRowWriter(tx, "quarantine", columns, conflict)
	defer w.close()
	for _, offset := range offsets {
		r := last[offset]
		line := append([]byte{}, r.Line[:min(len(r.Line), MaxLineBytes)]...) // never nil, which would be NULL
		if err := w.add(ctx, partition, offset, r.Reason, namedBy(r), line, r.At.UnixMicro()); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

// namedBy returns whom r names; nobody if that is no legal id, as part of a
// damaged line may be.
func namedBy(r catalog.Refused) string {
	if _, err := catalog.ParseUserID(string(r.User)); err != nil {
		return ""
	}
	return string(r.User)
}
