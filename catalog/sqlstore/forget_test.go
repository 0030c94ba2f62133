package sqlstore_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// marked is an id that nothing else looks like.
const marked = "4930517726"

// fillEverything puts rows of u, and of others, into every table.
func fillEverything(t *testing.T, s *sqlstore.Store, u catalog.UserID) {
	t.Helper()
	ctx, at := t.Context(), time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Forget(ctx, "someone-else"))
	must(nil, s.SetScale(ctx, catalog.Scale5))
	must(s.PutMovies(ctx, []catalog.Movie{{ID: "heat+1995", Title: "heat"}}))
	must(s.PutMovies(ctx, []catalog.Movie{{ID: "heat+1995", Title: "Heat"}}))
	must(s.SetHidden(ctx, []catalog.MovieID{"heat+1995"}, true, ""))
	must(s.PutCorrection(ctx, catalog.Correction{Movie: "heat+1995", Other: "m+1931", Kind: catalog.Pin}))
	must(s.PutUsers(ctx, []catalog.User{{ID: u, Age: 30}, {ID: "7"}}))
	must(nil, s.PutVectors(ctx, []catalog.Vector{{Key: catalog.VectorKey{1}, Embedder: "e", Values: []float32{1}}}))
	must(s.PutExposures(ctx, []catalog.Exposure{{RequestID: "r", At: at, User: u, Bundle: "b", Tier: "personal", Input: []byte("history of " + u),
		Movies: []catalog.Exposed{{Movie: "heat+1995", Source: "popular", Propensity: 1}}}}))
	must(s.RollExposures(ctx, at.Add(time.Hour)))
	must(s.Append(ctx, catalog.Batch{
		Partition: "of everything", To: 9,
		Minutes:  []catalog.Minute{{User: u, Movie: "heat+1995", At: at}, {User: "7", Movie: "heat+1995", At: at}},
		Ratings:  []catalog.Rating{{User: u, Movie: "m+1931", Value: 3, At: at}},
		Accounts: []catalog.Account{{User: u, At: at}},
		Refused: []catalog.Refused{
			{Offset: 1, Reason: "bad_movie", User: u, Line: []byte("2024-10-14T15:20:53," + string(u) + ",GET /rate/x=y"), At: at},
			{Offset: 2, Reason: "bad_time", Line: []byte("2024-e10-14T15:20:53," + string(u) + ",GET /rate/x=3"), At: at},
			{Offset: 3, Reason: "missing_field", Line: []byte("2024-10-14T15:20:53," + string(u)), At: at},
		},
	}))
	must(s.PutFeedback(ctx, []catalog.Feedback{{User: u, Movie: "heat+1995", Kind: catalog.FeedbackLike, At: at}, {User: "7", Movie: "heat+1995", Kind: catalog.FeedbackLike, At: at}}))
	must(nil, s.PutPreferences(ctx, catalog.Preferences{User: u, Liked: "trains", At: at}))
	must(s.PutExperiment(ctx, catalog.Experiment{
		Name: "a", Layer: "ranking", Mode: catalog.ExperimentSplit, Salt: "s", To: 1, Start: at, Overrides: map[catalog.UserID]string{u: "b"},
		Arms: []catalog.ExperimentArm{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}},
	}))
	must(nil, s.PutUnknownIDs(ctx, "user", []string{string(u), "8"})) // last: who signs up or has a record is known
}

// columnsWith returns the columns, as table.column, of all tables in the
// database whose rows hold id, and the tables that have no row at all.
func columnsWith(t *testing.T, kind, dsn, id string) (found, empty []string) {
	t.Helper()
	driver, tables := "sqlite", "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
	if kind == sqlstore.Postgres {
		driver, tables = "postgres", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	rows, err := db.QueryContext(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for err == nil && rows.Next() {
		var name string
		err = rows.Scan(&name)
		names = append(names, name)
	}
	if err != nil || rows.Err() != nil || len(names) < 10 {
		t.Fatalf("tables %q: %v", names, err)
	}
	for _, table := range names {
		columns, n := columnsOf(t, db, table, id)
		if n == 0 {
			empty = append(empty, table)
		}
		for _, c := range columns {
			found = append(found, table+"."+c)
		}
	}
	slices.Sort(found)
	return found, empty
}

// columnsOf returns the columns of a table that hold id, and how many rows it
// has.
func columnsOf(t *testing.T, db *sql.DB, table, id string) (found []string, n int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for ; rows.Next(); n++ {
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if bytes.Contains(v, []byte(id)) && !slices.Contains(found, columns[i]) {
				found = append(found, columns[i])
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found, n
}

// No column of any table holds the id of someone who was forgotten, in a store
// where every table has rows: who adds a table must fill it here.
func TestForgetLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		fillEverything(t, s, marked)
		before, empty := columnsWith(t, s.Kind(), dsn, marked)
		want := []string{
			"accounts.user_id", "activity.user_id", "changes.detail", "experiments.definition", "exposures.input", "exposures.user_id",
			"feedback.user_id", "opinions.user_id", "preferences.user_id", "quarantine.line", "quarantine.user_id",
			"seen.user_id", "unknown_ids.id", "users.facts", "users.id",
		}
		if !slices.Equal(before, want) || len(empty) > 0 {
			t.Errorf("before: %q hold the id, want %q; %q are empty, want none", before, want, empty)
		}
		if _, err := s.Forget(t.Context(), marked); err != nil {
			t.Fatal(err)
		}
		if after, _ := columnsWith(t, s.Kind(), dsn, marked); len(after) > 0 {
			t.Errorf("after: %q still hold the id", after)
		}
	})
}

// The bytes of the file and of its write-ahead log do not hold the id either,
// though rows were moved, grew and were rewritten before: by a program that
// overwrites what it deletes, and by one that does not.
func TestForgetErases(t *testing.T) {
	t.Parallel()
	for _, overwrite := range []string{"1", "0"} {
		t.Run("secure_delete="+overwrite, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "facts.db")
			s := mustOpen(t, path)
			if err := s.Exec(t.Context(), "PRAGMA secure_delete = "+overwrite); err != nil {
				t.Fatal(err)
			}
			testForgetErases(t, s, path)
		})
	}
}

func testForgetErases(t *testing.T, s *sqlstore.Store, path string) {
	draw := rand.New(rand.NewPCG(1, 2))
	var from int64
	for day := range 30 {
		b := catalog.Batch{Partition: "p", From: from, To: from + 1}
		for range 1000 {
			u := catalog.UserID(fmt.Sprint(4930500000 + draw.IntN(40)*997)) // short histories of neighbours, in any order
			if draw.IntN(20) == 0 {
				u = marked
			}
			b.Minutes = append(b.Minutes, catalog.Minute{
				User: u, Movie: catalog.MovieID(fmt.Sprint("movie+", draw.IntN(300))), At: time.Unix(0, 0).AddDate(0, 0, day), Minute: draw.IntN(200),
			})
		}
		done, err := s.Append(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		from = done.Held
	}
	fillEverything(t, s, marked)
	if _, err := s.History(t.Context(), marked, 0); err != nil {
		t.Fatal(err)
	}
	files := []string{path, path + "-wal"}
	if !slices.ContainsFunc(files, func(f string) bool { return holds(t, f, marked) }) {
		t.Fatal("no file holds the id before, so that this proves nothing")
	}
	if _, err := s.Forget(t.Context(), marked); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if holds(t, f, marked) {
			t.Errorf("%s still holds the id", filepath.Base(f))
		}
	}
	if seen, err := s.History(t.Context(), "4930500000", 0); err != nil || len(seen) < 100 {
		t.Errorf("others have %d movies left, %v", len(seen), err)
	}
}

func holds(t *testing.T, file, text string) bool {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(raw, []byte(text))
}

// A reader who does not stop keeps traces on the disk, not Forget from its work:
// a warning tells.
func TestForgetWhileRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "facts.db")
	var log strings.Builder
	s, err := sqlstore.OpenLogging(t.Context(), path, shortWait, &log)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fillEverything(t, s, marked)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM seen").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.Forget(t.Context(), marked); err != nil || gone.Seen != 2 {
		t.Errorf("removed %+v, %v; want 2 movies", gone, err)
	}
	if !strings.Contains(log.String(), "VACUUM") || strings.Contains(log.String(), marked) {
		t.Errorf("log is %q, want a warning that says VACUUM and does not name the person", log.String())
	}
}

// A process that has appended before, and remembers who was forgotten, respects
// whom another process forgets.
func TestForgetAcrossProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx, one, other := t.Context(), mustOpen(t, dsn), mustOpen(t, dsn)
		var from int64
		for i := range 5 {
			u := catalog.UserID(fmt.Sprint("u", i))
			events := []catalog.Minute{{User: u, Movie: "1", At: time.Unix(0, 0)}, {User: "v", Movie: catalog.MovieID(u), At: time.Unix(0, 0)}}
			for round := range 2 {
				done, err := one.Append(ctx, catalog.Batch{Partition: "p", From: from, To: from + 1, Minutes: events})
				if err != nil {
					t.Fatal(err)
				}
				from = done.Held
				if done.Forgotten.Minutes != round {
					t.Errorf("person %d, round %d: %+v were left out", i, round, done.Forgotten)
				}
				if _, err := other.Forget(ctx, u); err != nil {
					t.Fatal(err)
				}
			}
		}
		if c, err := one.Counts(ctx); err != nil || c.Watches != 5 || c.Tombstones != 5 {
			t.Errorf("%+v, %v; want 5 watches and 5 tombstones", c, err)
		}
	})
}
