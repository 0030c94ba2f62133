package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// changes removes what the log keeps no longer: rows that are too old or too
// many, but never one that nothing else holds.
func (p *pruner) changes(ctx context.Context, limit catalog.Limit) error {
	if limit == (catalog.Limit{}) {
		return nil
	}
	horizon := int64(math.MinInt64)
	if limit.Age > 0 {
		horizon = p.now.Add(-limit.Age).UnixMicro()
	}
	oldest, err := p.oldestKept(ctx, limit.Rows)
	if err != nil {
		return err
	}
	needed, err := p.neededChanges(ctx)
	if err != nil {
		return err
	}
	var after int64
	for {
		var page []struct{ Seq, At int64 }
		const query = "SELECT seq, at FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"
		if err := p.store.reader.SelectContext(ctx, &page, p.store.reader.Rebind(query), after, p.batch); err != nil {
			return err
		}
		var gone []int64
		for _, row := range page {
			after = row.Seq
			if (row.At < horizon || row.Seq < oldest) && !needed[row.Seq] {
				gone = append(gone, row.Seq)
			}
		}
		if err := p.removeChanges(ctx, gone); err != nil {
			return err
		}
		if len(page) < p.batch {
			return nil
		}
	}
}

func (p *pruner) removeChanges(ctx context.Context, gone []int64) error {
	if len(gone) == 0 {
		return nil
	}
	// First, so that none is left whose change is gone if this is cut short.
	if err := p.removeVersions(ctx, slices.Max(gone)); err != nil {
		return err
	}
	_, err := p.inTurn(ctx, &p.removed.Changes, func(tx *sqlx.Tx) (int64, error) {
		// The newest of the log is newer than all of gone, or is one of needed.
		return int64(len(gone)), lookupExec(ctx, tx, "DELETE FROM changes WHERE seq IN (%s)", gone)
	})
	return err
}

// removeVersions removes the earlier facts of movies that change last, or one
// before it, has ended.
func (p *pruner) removeVersions(ctx context.Context, last int64) error {
	const query = "DELETE FROM movie_versions WHERE until_seq IN (SELECT until_seq FROM movie_versions WHERE until_seq <= ? ORDER BY until_seq LIMIT ?)"
	for {
		var left bool
		if err := p.store.reader.GetContext(ctx, &left, p.store.reader.Rebind("SELECT EXISTS (SELECT 1 FROM movie_versions WHERE until_seq <= ?)"), last); err != nil || !left {
			return err
		}
		_, err := p.inTurn(ctx, &p.removed.Versions, func(tx *sqlx.Tx) (int64, error) {
			done, err := tx.ExecContext(ctx, tx.Rebind(query), last, p.batch)
			if err != nil {
				return 0, err
			}
			return done.RowsAffected()
		})
		if err != nil {
			return err
		}
	}
}

// oldestKept returns the number of the oldest of the newest rows; 0 if there are
// no more than that, or rows is 0.
func (p *pruner) oldestKept(ctx context.Context, rows int64) (seq int64, err error) {
	if rows == 0 {
		return 0, nil
	}
	const query = "SELECT seq FROM changes ORDER BY seq DESC LIMIT 1 OFFSET ?"
	err = p.store.reader.GetContext(ctx, &seq, p.store.reader.Rebind(query), rows-1)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// neededChanges returns the numbers of the changes that must stay: the newest,
// and the last of each subject that only the log tells of. What movies are like,
// which are hidden, whose neighbours were corrected and who was forgotten stands in
// other tables.
func (p *pruner) neededChanges(ctx context.Context) (map[int64]bool, error) {
	const query = `SELECT MAX(seq) FROM changes
		UNION ALL SELECT MAX(seq) FROM changes WHERE kind = 'bundle'
		UNION ALL SELECT MAX(seq) FROM changes WHERE kind = 'experiment' GROUP BY subject`
	needed := make(map[int64]bool)
	err := each(ctx, p.store.reader, func(rows *sqlx.Rows) error {
		var seq sql.NullInt64
		err := rows.Scan(&seq)
		needed[seq.Int64] = true
		return err
	}, query)
	return needed, err
}
