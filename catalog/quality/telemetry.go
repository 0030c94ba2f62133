package quality

import (
	"context"
	"fmt"
	"strings"
	"time"

	"marquee/catalog"
)

// pageRefused is how many lines in quarantine are read at once, of at most 4 KB
// each.
const pageRefused = 500

// readTelemetry profiles what Marquee did itself. The timeline is of lines by
// outcome.
func (r *run) readTelemetry(ctx context.Context) (*Timeline, error) {
	if err := r.readQuarantine(ctx); err != nil {
		return nil, fmt.Errorf("read quarantine: %w", err)
	}
	hours, err := r.src.Intake(ctx, time.Time{}, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("read intake: %w", err)
	}
	p := r.profiles[tableIntake]
	for i := range hours {
		fillIntake(&p.row, &hours[i])
		p.see()
	}
	if err := r.readExposures(ctx); err != nil {
		return nil, fmt.Errorf("read exposures: %w", err)
	}
	return intakeTimeline(hours), nil
}

func (r *run) readQuarantine(ctx context.Context) error {
	p := r.profiles[tableQuarantine]
	var after catalog.RefusedPlace
	for {
		page, err := r.src.QuarantineLines(ctx, catalog.RefusedFilter{}, after, pageRefused)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			fillRefused(&p.row, &page[i])
			p.see()
		}
		last := page[len(page)-1]
		after = catalog.RefusedPlace{Source: last.Source, Offset: last.Offset}
	}
}

func (r *run) readExposures(ctx context.Context) error {
	lists, movies := r.profiles[tableExposures], r.profiles[tableExposed]
	tell := r.tell("exposures")
	for e, err := range r.src.Exposures(ctx, time.Time{}, time.Time{}) {
		if err != nil {
			return err
		}
		fillExposure(&lists.row, &e, r.hasRecord(e.User))
		lists.see()
		for i := range e.Movies {
			_, known := r.movies[e.Movies[i].Movie]
			fillExposed(&movies.row, e.RequestID, &e.Movies[i], known)
			movies.see()
		}
		if lists.rows%progressEvery == 0 {
			tell(lists.rows)
		}
	}
	return nil
}

// intakeTimeline returns the lines of each hour by outcome; nil without any.
func intakeTimeline(hours []catalog.Intake) *Timeline {
	places := make(map[string]int)
	var all []string
	for _, h := range hours {
		if _, known := places[h.Outcome]; !known {
			places[h.Outcome] = len(all)
			all = append(all, h.Outcome)
		}
	}
	l := newTimeline(all...)
	for l.width < len(bucketWidths)-1 && bucketWidths[l.width] < time.Hour {
		l.width++
	}
	for _, h := range hours {
		l.add(places[h.Outcome], h.Hour, h.Lines)
	}
	return l.result()
}

// refused reports whether an outcome is a refusal, and its reason.
func refused(outcome string) (reason string, yes bool) {
	return strings.CutPrefix(outcome, catalog.IntakeRefused)
}
