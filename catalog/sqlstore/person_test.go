package sqlstore_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// Reading a person looks its movies up, one by one, also where PostgreSQL knows nothing of the
// tables yet and takes a read of all movies for cheap.
func TestPersonReadsFewMovies(t *testing.T) {
	t.Parallel()
	const movies, people, asked = 2000, 2000, 50
	dsn := dsns[sqlstore.Postgres](t)
	ctx, s := t.Context(), mustOpen(t, dsn)
	var facts []catalog.Movie
	for i := range movies {
		facts = append(facts, catalog.Movie{ID: catalog.MovieID(fmt.Sprint("some+movie+", i)), RuntimeMinutes: 100})
	}
	if _, err := s.PutMovies(ctx, facts); err != nil {
		t.Fatal(err)
	}
	b := catalog.Batch{Partition: "p"}
	for u := range people {
		for i := range 20 {
			movie := facts[(97*u+i)%movies].ID
			b.Minutes = append(b.Minutes, catalog.Minute{User: catalog.UserID(fmt.Sprint(u)), Movie: movie, At: time.Unix(int64(i), 0), Minute: 7})
		}
	}
	b.To = 1
	if _, err := s.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // connections tell what they read when they end
		t.Fatal(err)
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := wholeReads(t, db)
	s = mustOpen(t, dsn)
	for u := range asked {
		id := catalog.UserID(fmt.Sprint(u))
		if p, err := s.Person(ctx, id); err != nil || len(p.Seen) != 20 || p.Seen[0].Share != 0.08 {
			t.Fatalf("%d movies, the last %+v, %v; want 20, of 0.08 each", len(p.Seen), p.Seen[:min(1, len(p.Seen))], err)
		}
		if seen, err := s.History(ctx, id, 0); err != nil || len(seen) != 20 {
			t.Fatal(len(seen), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := wholeReads(t, db) - before; n > 5 { // to open a store looks at it too
		t.Errorf("reading %d people twice read all movies %d times", asked, n)
	}
}

// wholeReads returns how often the table of movies was read from end to end, by connections
// that have ended.
func wholeReads(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // they end after they were closed
		var others int
		const count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
		if err := db.QueryRowContext(t.Context(), count).Scan(&others); err != nil {
			t.Fatal(err)
		}
		if others == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections of a closed store are left", others)
		}
	}
	if err := db.QueryRowContext(t.Context(), "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'movies'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
