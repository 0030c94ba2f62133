package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Readmit stores what a second reading of lines in quarantine brought, in one
// transaction: the rows go in, the lines of r.Released leave quarantine, and
// those of r.Refused that are still there take the new reason and User. No
// offset moves, and what is stored already stays as it is, so a readmission may
// be repeated.
//
// [Store.Intake] counts the released lines that were still in quarantine, each
// once whoever readmits it again: as "readmitted", or as "forgotten" as far as
// their events were left out, which is told in Applied.Forgotten. A refused line
// that is now known to name someone who was forgotten leaves quarantine too.
func (s *Store) Readmit(ctx context.Context, r catalog.Readmission) (done catalog.Applied, err error) {
	const op = "readmit"
	e, err := eventsOf(r.Minutes, r.Ratings, r.Accounts)
	if err == nil {
		err = checkReasons(r.Refused)
	}
	if err != nil {
		return catalog.Applied{}, fmt.Errorf("%s %d lines: %w", op, len(r.Released), err)
	}
	err = s.write(ctx, op, func(tx *sqlx.Tx) error {
		dead, err := s.tombstones(ctx, tx)
		if err != nil {
			return err
		}
		gone := e.without(dead)
		if err := e.store(ctx, tx); err != nil {
			return err
		}
		released, err := releaseLines(ctx, tx, r.Released)
		if err != nil {
			return err
		}
		if err := renameRefused(ctx, tx, r.Refused, dead); err != nil {
			return err
		}
		done.Forgotten = gone
		left := min(gone.Total(), released)
		return countIntake(ctx, tx, time.Now(), map[string]int{catalog.IntakeReadmitted: released - left, catalog.IntakeForgotten: left})
	})
	if err != nil {
		return catalog.Applied{}, err
	}
	return done, nil
}

// releaseLines takes lines out of quarantine and returns how many were there.
func releaseLines(ctx context.Context, tx *sqlx.Tx, places []catalog.RefusedPlace) (int, error) {
	if len(places) == 0 {
		return 0, nil
	}
	stmt, err := tx.PreparexContext(ctx, tx.Rebind("DELETE FROM quarantine WHERE source = ? AND position = ?"))
	if err != nil {
		return 0, err
	}
	defer stmt.Close()
	released := 0
	for _, p := range places {
		done, err := stmt.ExecContext(ctx, p.Source, p.Offset)
		if err != nil {
			return 0, err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return 0, err
		}
		released += int(n)
	}
	return released, nil
}

// renameRefused gives lines that are still in quarantine their new reasons, and
// takes out those of people who were forgotten.
func renameRefused(ctx context.Context, tx *sqlx.Tx, refused []catalog.Refused, dead catalog.Tombstones) error {
	if len(refused) == 0 {
		return nil
	}
	var forgotten []catalog.RefusedPlace
	stmt, err := tx.PreparexContext(ctx, tx.Rebind("UPDATE quarantine SET reason = ?, user_id = ? WHERE source = ? AND position = ?"))
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, r := range refused {
		if len(dead.Hashes) > 0 && namesForgotten(r, dead) {
			forgotten = append(forgotten, catalog.RefusedPlace{Source: r.Source, Offset: r.Offset})
			continue
		}
		if _, err := stmt.ExecContext(ctx, r.Reason, namedBy(r), r.Source, r.Offset); err != nil {
			return err
		}
	}
	_, err = releaseLines(ctx, tx, forgotten)
	return err
}
