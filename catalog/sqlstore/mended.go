package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// eventsOfMended folds the rows of a line that was mended and checks it.
func eventsOfMended(m catalog.Readmission) (*events, error) {
	if err := checkReasons(m.Refused); err != nil {
		return nil, err
	}
	return eventsOf(m.Minutes, m.Ratings, m.Accounts)
}

// storeMended stores the line of b that was applied before it had its end. If its
// beginning was refused, and it is not, it counts as readmitted; or as forgotten,
// if its person was. In all other cases it is counted as its beginning was.
func storeMended(ctx context.Context, tx *sqlx.Tx, b catalog.Batch, dead catalog.Tombstones) error {
	if b.Mended == nil {
		return nil
	}
	m := *b.Mended
	e, err := eventsOfMended(m)
	if err != nil {
		return err
	}
	gone := e.without(dead)
	if err := e.store(ctx, tx); err != nil {
		return err
	}
	released, err := releaseLines(ctx, tx, m.Released)
	if err != nil {
		return err
	}
	for _, r := range m.Refused { // its beginning may name nobody, and it someone who was forgotten
		if _, err := releaseLines(ctx, tx, []catalog.RefusedPlace{{Source: b.Partition, Offset: r.Offset}}); err != nil {
			return err
		}
	}
	if err := storeRefused(ctx, tx, b.Partition, withoutForgotten(m.Refused, dead)); err != nil {
		return err
	}
	left := min(gone.Total(), released)
	return countIntake(ctx, tx, b.ReadAt, map[string]int{catalog.IntakeReadmitted: released - left, catalog.IntakeForgotten: left})
}
