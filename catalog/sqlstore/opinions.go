package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// A userOpinion is one person's opinion of one movie.
type userOpinion struct {
	user catalog.UserID
	catalog.Opinion
}

// opinionsOf returns the opinions among feedback, whose keys are sorted: of each person
// and movie the one that holds, in the order of the table.
func opinionsOf(keys []feedbackKey, at map[feedbackKey]int64) []userOpinion {
	var out []userOpinion
	for _, k := range keys {
		if !k.kind.Opinion() {
			continue
		}
		o := userOpinion{k.user, catalog.Opinion{Movie: k.movie, Kind: k.kind, At: time.UnixMicro(at[k]).UTC()}}
		n := len(out)
		switch {
		case n == 0 || out[n-1].user != o.user || out[n-1].Movie != o.Movie:
			out = append(out, o)
		case o.After(out[n-1].Opinion):
			out[n-1] = o
		}
	}
	return out
}

// upsertOpinions stores those opinions that replace what is stored, as
// [catalog.Opinion.After] says, and returns whose they are, each once. Of each person the
// newest [catalog.MaxOpinions] stay, so that [Store.Person] reads no more.
func upsertOpinions(ctx context.Context, tx *sqlx.Tx, opinions []userOpinion) (changed []catalog.UserID, err error) {
	const (
		rank  = "CASE %s.kind WHEN 'like' THEN 1 WHEN 'dislike' THEN 2 ELSE 3 END"
		query = `INSERT INTO opinions (user_id, movie_id, kind, at) VALUES %s
			ON CONFLICT (user_id, movie_id) DO UPDATE SET kind = excluded.kind, at = excluded.at
			WHERE excluded.at > opinions.at OR excluded.at = opinions.at AND %s > %s
			RETURNING user_id`
	)
	for chunk := range slices.Chunk(opinions, chunkRows) {
		var args []any
		for _, o := range chunk {
			args = append(args, string(o.user), string(o.Movie), string(o.Kind), o.At.UnixMicro())
		}
		text := fmt.Sprintf(query, tuples(len(chunk), 4), fmt.Sprintf(rank, "excluded"), fmt.Sprintf(rank, "opinions"))
		err := each(ctx, tx, func(rows *sqlx.Rows) error {
			var u catalog.UserID
			err := rows.Scan(&u)
			changed = append(changed, u)
			return err
		}, tx.Rebind(text), args...)
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(changed)
	changed = slices.Compact(changed)
	for _, u := range changed {
		const excess = `DELETE FROM opinions WHERE user_id = ? AND movie_id IN
			(SELECT movie_id FROM opinions WHERE user_id = ? ORDER BY at DESC, movie_id LIMIT ? OFFSET ?)`
		if _, err := tx.ExecContext(ctx, tx.Rebind(excess), string(u), string(u), math.MaxInt32, catalog.MaxOpinions); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// sortOpinions orders them as [catalog.Person] has them.
func sortOpinions(opinions []catalog.Opinion) {
	slices.SortFunc(opinions, func(a, b catalog.Opinion) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Movie, b.Movie))
	})
}
