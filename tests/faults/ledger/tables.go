package ledger

import (
	"context"
	"time"

	"marquee/catalog"
)

// compareHistories checks that the other view of the same rows agrees.
func (b *Book) compareHistories(ctx context.Context, store Store, _ map[string]string, found *Findings) error {
	rows := 0
	for row, err := range store.Histories(ctx) {
		if err != nil {
			return err
		}
		rows++
		k := pair{string(row.User), string(row.Movie)}
		watches, ratings := b.watches[k], b.ratings[k]
		if len(watches)+len(ratings) == 0 {
			found.add(Phantom, "the history of user %s has movie %s", k.user, k.movie)
			continue
		}
		var at time.Time
		for _, e := range watches {
			if e.at.After(at) {
				at = e.at
			}
		}
		if len(ratings) > 0 {
			want := latest(ratings)
			if want.at.After(at) {
				at = want.at
			}
			if !row.Rated || row.Rating != want.rating {
				found.add(Missing, "the history of user %s has rating %v (rated: %v) for movie %s, want %v (line %s)", k.user, row.Rating, row.Rated, k.movie, want.rating, want.place)
			}
		} else if row.Rated {
			found.add(Phantom, "the history of user %s has rating %v for movie %s, which has none", k.user, row.Rating, k.movie)
		}
		if !row.At.Equal(at) {
			found.add(lostIf(row.At.Before(at)), "the history of user %s has movie %s at %v, want %v", k.user, k.movie, row.At, at)
		}
	}
	want := len(b.watches)
	for k := range b.ratings {
		if len(b.watches[k]) == 0 {
			want++
		}
	}
	if rows != want {
		found.add(lostIf(rows < want), "all histories have %d rows, want %d", rows, want)
	}
	return nil
}

// quarantinePage is how many refused lines are read at a time; small, so that
// paging is tested too.
const quarantinePage = 100

func (b *Book) compareQuarantine(ctx context.Context, store Store, partitions map[string]string, found *Findings) error {
	seen := make(map[Place]bool, len(b.refused))
	var after catalog.RefusedPlace
	for {
		page, err := store.QuarantineLines(ctx, catalog.RefusedFilter{}, after, quarantinePage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = catalog.RefusedPlace{Source: r.Source, Offset: r.Offset}
			place := Place{Part: partitions[r.Source], Offset: r.Offset}
			want, known := b.refused[place]
			switch {
			case !known:
				found.add(Phantom, "quarantine has line %d of %s (part %q), which is none or good: %.60q", r.Offset, r.Source, place.Part, r.Line)
			case seen[place]:
				found.add(Double, "line %s is twice in quarantine", place)
			case r.Reason != want.Reason || string(r.Line) != want.Text:
				found.add(Phantom, "quarantine has line %s as %q (%s), want %q (%s)", place, r.Line, r.Reason, want.Text, want.Reason)
			}
			seen[place] = true
		}
		if len(page) < quarantinePage {
			break
		}
	}
	for place, l := range b.refused {
		if !seen[place] {
			found.add(Missing, "line %s is not in quarantine: %.60q (%s)", place, l.Text, l.Reason)
		}
	}
	return nil
}

// compareIntake compares the counters of all hours: they count each applied
// line once, so they alone show a double.
func (b *Book) compareIntake(ctx context.Context, store Store, _ map[string]string, found *Findings) error {
	got, err := IntakeOf(ctx, store)
	if err != nil {
		return err
	}
	for outcome, want := range b.intake {
		switch n := got[outcome]; {
		case n < want:
			found.add(Missing, "%d lines were counted as %s, want %d", n, outcome, want)
		case n > want:
			found.add(Double, "%d lines were counted as %s, want %d", n, outcome, want)
		}
	}
	for outcome, n := range got {
		if _, known := b.intake[outcome]; !known && n != 0 {
			found.add(Phantom, "%d lines were counted as %s, want none", n, outcome)
		}
	}
	return nil
}

// IntakeOf returns how many lines store has counted under each outcome.
func IntakeOf(ctx context.Context, store Store) (map[string]int64, error) {
	rows, err := store.Intake(ctx, time.Unix(0, 0), time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	sums := make(map[string]int64)
	for _, row := range rows {
		sums[row.Outcome] += row.Lines
	}
	return sums, nil
}
