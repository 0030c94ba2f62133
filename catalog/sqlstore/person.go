package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// personQuery reads all of a person in one round trip: a row for each movie of the
// history, each opinion, the preferences and the record. It does not order what it reads,
// which is cheaper here than there.
const personQuery = `SELECT 'seen', movie_id, at, minute, days, rating, ` + runtimeOfSeen + `, NULL, NULL FROM seen WHERE user_id = ?
	UNION ALL SELECT kind, movie_id, at, NULL, 0, NULL, NULL, NULL, NULL FROM opinions WHERE user_id = ?
	UNION ALL SELECT 'said', '', at, NULL, 0, NULL, NULL, liked, disliked FROM preferences WHERE user_id = ?
	UNION ALL SELECT 'user', '', 0, NULL, 0, NULL, NULL, facts, '' FROM users WHERE id = ?`

// Person returns all that lists are made from of one person, in one round trip. Someone
// who is not known has an empty history and no record, which is no error.
// BenchmarkPerson has the time beside that of [Store.History] and [Store.User].
func (s *Store) Person(ctx context.Context, user catalog.UserID) (catalog.Person, error) {
	const op = "read person"
	if err := s.there(); err != nil {
		return catalog.Person{}, s.fault(ctx, op, err)
	}
	id := string(user)
	rows, err := s.person.QueryxContext(ctx, id, id, id, id)
	if err != nil {
		return catalog.Person{}, s.fault(ctx, op, err)
	}
	p, err := scanPerson(rows, user)
	if err != nil {
		return catalog.Person{}, s.fault(ctx, op, err)
	}
	slices.SortFunc(p.Seen, func(a, b catalog.Seen) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Movie, b.Movie))
	})
	sortOpinions(p.Opinions)
	return p, nil
}

// scanPerson reads and closes rows.
func scanPerson(rows *sqlx.Rows, user catalog.UserID) (catalog.Person, error) {
	defer rows.Close()
	var p catalog.Person
	var r struct {
		what            string
		movie           catalog.MovieID
		at              int64
		minute, runtime sql.NullInt64
		days            int
		rating          sql.NullFloat64
		text, other     sql.NullString
	}
	for rows.Next() {
		if err := rows.Scan(&r.what, &r.movie, &r.at, &r.minute, &r.days, &r.rating, &r.runtime, &r.text, &r.other); err != nil {
			return p, err
		}
		at := time.UnixMicro(r.at).UTC()
		switch r.what {
		case "seen":
			p.Seen = append(p.Seen, seenOf(r.movie, at, r.minute, r.days, r.rating, r.runtime))
		case "said":
			if r.text.String != "" || r.other.String != "" {
				p.Preferences = catalog.Preferences{User: user, Liked: r.text.String, Disliked: r.other.String, At: at}
			}
		case "user":
			p.Known = true
			if err := json.Unmarshal([]byte(r.text.String), &p.User); err != nil {
				return p, damaged(fmt.Errorf("the record of a person is no JSON of one (%w); store it anew", err))
			}
		default:
			p.Opinions = append(p.Opinions, catalog.Opinion{Movie: r.movie, Kind: catalog.FeedbackKind(r.what), At: at})
		}
	}
	return p, rows.Err()
}
