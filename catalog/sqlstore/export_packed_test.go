package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// The codec of served lists.
var (
	PackMovies   = packMovies
	UnpackMovies = unpackMovies
)

// MakeRivals makes the tables of the two other ways to keep served lists.
func (s *Store) MakeRivals(ctx context.Context) error {
	text := "TEXT"
	if s.kind == Postgres {
		text = `TEXT COLLATE "C"`
	}
	head := fmt.Sprintf(`request_id %[1]s NOT NULL PRIMARY KEY, at BIGINT NOT NULL, user_id %[1]s NOT NULL, experiment %[1]s NOT NULL,
		arm %[1]s NOT NULL, bundle %[1]s NOT NULL, sequence BIGINT NOT NULL, tier %[1]s NOT NULL`, text)
	tail := ")"
	if s.kind == SQLite {
		tail = ") WITHOUT ROWID"
	}
	for _, statement := range []string{
		"CREATE TABLE lists_json (" + head + ", movies " + text + " NOT NULL" + tail,
		"CREATE INDEX lists_json_at ON lists_json (at)",
		"CREATE INDEX lists_json_user ON lists_json (user_id, at)",
		"CREATE TABLE lists_head (" + head + tail,
		"CREATE INDEX lists_head_at ON lists_head (at)",
		"CREATE INDEX lists_head_user ON lists_head (user_id, at)",
		fmt.Sprintf("CREATE TABLE lists_rows (request_id %[1]s NOT NULL, place BIGINT NOT NULL, movie %[1]s NOT NULL, source %[1]s NOT NULL, propensity REAL NOT NULL, PRIMARY KEY (request_id, place)", text) + tail,
	} {
		if _, err := s.writer.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// PutListsJSON keeps each list as JSON.
func (s *Store) PutListsJSON(ctx context.Context, exposures []catalog.Exposure) error {
	return s.write(ctx, "rival", func(tx *sqlx.Tx) error {
		b := newBulk(tx, "lists_json", exposureColumns, "ON CONFLICT (request_id) DO NOTHING")
		defer b.close()
		for _, e := range exposures {
			movies, err := json.Marshal(e.Movies)
			if err != nil {
				return err
			}
			if err := b.add(ctx, append(headOf(e), string(movies))...); err != nil {
				return err
			}
		}
		return b.flush(ctx)
	})
}

// PutListsRows keeps a row for each movie.
func (s *Store) PutListsRows(ctx context.Context, exposures []catalog.Exposure) error {
	return s.write(ctx, "rival", func(tx *sqlx.Tx) error {
		head := newBulk(tx, "lists_head", exposureColumns[:8], "ON CONFLICT (request_id) DO NOTHING")
		defer head.close()
		rows := newBulk(tx, "lists_rows", []string{"request_id", "place", "movie", "source", "propensity"}, "ON CONFLICT (request_id, place) DO NOTHING")
		defer rows.close()
		for _, e := range exposures {
			if err := head.add(ctx, headOf(e)...); err != nil {
				return err
			}
			for i, m := range e.Movies {
				if err := rows.add(ctx, e.RequestID, i, string(m.Movie), m.Source, m.Propensity); err != nil {
					return err
				}
			}
		}
		if err := head.flush(ctx); err != nil {
			return err
		}
		return rows.flush(ctx)
	})
}

func headOf(e catalog.Exposure) []any {
	return []any{e.RequestID, e.At.UnixMicro(), string(e.User), e.Experiment, e.Arm, e.Bundle, e.Sequence, e.Tier}
}

// Bytes returns how large the database is.
func (s *Store) Bytes(ctx context.Context) (n int64, err error) {
	query := "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
	if s.kind == Postgres {
		query = "SELECT pg_database_size(current_database())"
	}
	err = s.writer.GetContext(ctx, &n, query)
	return n, err
}
