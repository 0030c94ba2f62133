package stream

import (
	"context"
	"fmt"
	"time"

	"marquee/catalog"
)

// A Quarantine holds refused lines: catalog/sqlstore does.
type Quarantine interface {
	// QuarantineLines returns at most limit lines that the filter picks, by
	// source and offset, those after a place.
	QuarantineLines(ctx context.Context, filter catalog.RefusedFilter, after catalog.RefusedPlace, limit int) ([]catalog.Refused, error)

	// Readmit puts rows in and takes their lines out, in one transaction.
	Readmit(ctx context.Context, r catalog.Readmission) (catalog.Applied, error)
}

// A RereadSummary says what became of lines in quarantine that were read again.
type RereadSummary struct {
	Lines      int64            `json:"lines"`
	Readmitted Kept             `json:"readmitted"`
	Still      map[Reason]int64 `json:"still"` // refused, by their reason now
}

// StillTotal returns how many lines are refused still.
func (s RereadSummary) StillTotal() int64 { return Summary{Refused: s.Still}.RefusedTotal() }

// rereadLines is how many lines are read again in one transaction.
const rereadLines = 1000

// Reread reads lines in quarantine again, with the grammar, the zone and the
// scale of today, after one of them was mended. What can be read now goes in, and
// its line out, in one transaction; the rest stays, under the reason it has now. A
// line of which only the beginning was kept stays whatever it begins with. Rows
// that the store has already change nothing, so a second call is harmless, and one
// that was cut short is finished by the next. progress, unless nil, is called
// after each transaction, with the sums so far.
func Reread(ctx context.Context, held Quarantine, cfg Config, filter catalog.RefusedFilter, progress func(RereadSummary)) (RereadSummary, error) {
	sum := RereadSummary{Still: map[Reason]int64{}}
	if err := cfg.Validate(); err != nil {
		return sum, err
	}
	rows := NewRows(cfg, time.Now)
	after := catalog.RefusedPlace{Offset: -1}
	for {
		lines, err := held.QuarantineLines(ctx, filter, after, rereadLines)
		if err != nil {
			return sum, fmt.Errorf("read quarantine after %s at %d: %w", after.Source, after.Offset, err)
		}
		if len(lines) == 0 {
			return sum, nil
		}
		last := lines[len(lines)-1]
		after = catalog.RefusedPlace{Source: last.Source, Offset: last.Offset}
		r, b := rows.again(lines)
		done, err := held.Readmit(ctx, r)
		if err != nil {
			return sum, fmt.Errorf("readmit %d lines of %d: %w", len(r.Released), len(lines), err)
		}
		sum.add(b, done)
		if progress != nil {
			progress(sum)
		}
	}
}

// again reads lines again. What it returns as a batch holds the same rows, and
// all lines that are refused still.
func (r *Rows) again(lines []catalog.Refused) (catalog.Readmission, catalog.Batch) {
	var b catalog.Batch
	var back catalog.Readmission
	for _, old := range lines {
		before := len(b.Refused)
		if len(old.Line) >= MaxKeptBytes {
			r.event = Event{}
			r.refuse(&b, old.Line, old.Offset, LineTooLong)
			b.Refused[before].Reason = old.Reason // nobody knows how it goes on
		} else {
			r.Add(&b, old.Line, old.Offset)
		}
		if len(b.Refused) == before {
			back.Released = append(back.Released, catalog.RefusedPlace{Source: old.Source, Offset: old.Offset})
			continue
		}
		still := b.Refused[before]
		still.Source, still.At = old.Source, old.At
		if still.Reason != old.Reason || still.User != old.User {
			back.Refused = append(back.Refused, still)
		}
	}
	back.Minutes, back.Ratings, back.Accounts, back.Lists = b.Minutes, b.Ratings, b.Accounts, b.Lists
	return back, b
}

func (s *RereadSummary) add(b catalog.Batch, done catalog.Applied) {
	one := Summary{Kept: s.Readmitted, Refused: s.Still}
	one.Add(b, done)
	s.Readmitted, s.Still, s.Lines = one.Kept, one.Refused, one.Lines
}
