package sqlstore

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Quarantined returns at most limit refused lines, those refused last first; a
// limit below 1 means 1,000.
func (s *Store) Quarantined(ctx context.Context, limit int) ([]catalog.Refused, error) {
	if limit < 1 {
		limit = 1000
	}
	const query = "SELECT source, position, reason, line, at FROM quarantine ORDER BY at DESC, source, position DESC LIMIT ?"
	var lines []catalog.Refused
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var r catalog.Refused
		var at int64
		if err := rows.Scan(&r.Source, &r.Offset, &r.Reason, &r.Line, &at); err != nil {
			return err
		}
		if r.Line == nil { // as a driver may give an empty one
			r.Line = []byte{}
		}
		r.At = time.UnixMicro(at).UTC()
		lines = append(lines, r)
		return nil
	}, s.reader.Rebind(query), limit)
	return lines, s.fault(ctx, "read quarantine", err)
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
	const conflict = "ON CONFLICT (source, position) DO UPDATE SET reason = excluded.reason, line = excluded.line, at = excluded.at"
	b := newBulk(tx, "quarantine", []string{"source", "position", "reason", "line", "at"}, conflict)
	defer b.close()
	for _, offset := range offsets {
		r := last[offset]
		line := append([]byte{}, r.Line[:min(len(r.Line), MaxLineBytes)]...) // never nil, which would be NULL
		if err := b.add(ctx, partition, offset, r.Reason, line, r.At.UnixMicro()); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}
