package sqlstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

const microsAnHour = int64(time.Hour / time.Microsecond)

// outcomesOf says what became of the lines of b, of which some were left out.
// Each line is counted once.
func outcomesOf(b catalog.Batch, gone catalog.Forgotten) map[string]int {
	lines := map[string]int{
		catalog.IntakeWatch:     len(b.Minutes) - gone.Minutes,
		catalog.IntakeRate:      len(b.Ratings) - gone.Ratings,
		catalog.IntakeList:      b.Lists,
		catalog.IntakeAccount:   len(b.Accounts) - gone.Accounts,
		catalog.IntakeForgotten: gone.Total(),
	}
	for _, r := range b.Refused {
		lines[catalog.IntakeRefused+r.Reason]++
	}
	return lines
}

// countIntake adds lines to the counts of the hour of at.
func countIntake(ctx context.Context, tx *sqlx.Tx, at time.Time, lines map[string]int) error {
	columns := []column{{"hour", "bigint"}, {"outcome", "text"}, {"lines", "bigint"}}
	w := newRowWriter(tx, "intake", columns, "ON CONFLICT (hour, outcome) DO UPDATE SET lines = intake.lines + excluded.lines")
	defer w.close()
	hour := floorDiv(at.UnixMicro(), microsAnHour)
	for _, outcome := range slices.Sorted(maps.Keys(lines)) {
		if n := lines[outcome]; n != 0 {
			if err := w.add(ctx, hour, outcome, int64(n)); err != nil {
				return err
			}
		}
	}
	return w.flush(ctx)
}

// floorDiv returns the largest whole number that is not above a/b, for b > 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Intake returns how many lines were read in each hour that began at or after
// from and before to, by outcome: the hours ascending, within one the outcomes
// by their bytes. A zero time is no bound. Lines count in the hour in which they
// were read ([catalog.Batch.ReadAt]), each once: the counts are part of the
// transaction that stored them. What [Store.Readmit] took out of quarantine
// counts again, as "readmitted", in the hour of that call.
func (s *Store) Intake(ctx context.Context, from, to time.Time) ([]catalog.Intake, error) {
	query, args := "SELECT hour, outcome, lines FROM intake WHERE 1 = 1", []any{}
	bound := func(comparison string, t time.Time) {
		if !t.IsZero() { // an hour begins before t if it begins before the next whole hour
			query += " AND hour " + comparison + " ?"
			args = append(args, floorDiv(t.UnixMicro()+microsAnHour-1, microsAnHour))
		}
	}
	bound(">=", from)
	bound("<", to)
	var out []catalog.Intake
	err := each(ctx, s.reader, func(rows *sqlx.Rows) error {
		var hour int64
		var in catalog.Intake
		if err := rows.Scan(&hour, &in.Outcome, &in.Lines); err != nil {
			return err
		}
		in.Hour = time.UnixMicro(hour * microsAnHour).UTC()
		out = append(out, in)
		return nil
	}, s.reader.Rebind(query+" ORDER BY hour, outcome"), args...)
	return out, s.fault(ctx, "read intake", err)
}
