package table_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/table"
)

func realData(t *testing.T) string {
	t.Helper()
	data := os.Getenv("MARQUEE_DATA")
	if data == "" {
		t.Skip("MARQUEE_DATA is not set: no real files to import")
	}
	return data
}

// openStore opens an empty SQLite store.
func openStore(t *testing.T) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "m.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// The real files go in by the usual names of columns alone, and the second time
// all is as it was.
func TestImportRealFiles(t *testing.T) {
	data := realData(t)
	for _, c := range []struct {
		file string
		opts table.Options
		want int // rows that go in
		bad  int // rows with an id of 334 bytes, a blank in an id, or the rating 15
	}{
		{"wikipedia-movies.jsonl.gz", table.Options{}, 36272, 1},
		{"course-sample/movies.jsonl", table.Options{}, 600, 0},
		{"course-sample/users.jsonl", table.Options{Kind: table.Users}, 3000, 0},
		{"course-sample/2024/movies.csv", table.Options{Format: table.CSV}, 4985, 0},
		{"course-sample/2024/users.csv", table.Options{Format: table.CSV, Kind: table.Users}, 3920, 0},
		{"course-sample/2024/ratings.csv", table.Options{Format: table.CSV, Kind: table.Ratings}, 21907, 5},
	} {
		t.Run(c.file, func(t *testing.T) {
			store := openStore(t)
			path := filepath.Join(data, c.file)
			report, err := table.Import(t.Context(), store, path, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := taken(report); got.Total() != c.want || report.Refused != c.bad {
				t.Errorf("took %+v, refused %d, want %d and %d: %v", got, report.Refused, c.want, c.bad, report.Faults)
			}
			again, err := table.Import(t.Context(), store, path, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := taken(again), (catalog.Tally{Same: c.want}); got != want {
				t.Errorf("the second import took %+v, want %+v", got, want)
			}
		})
	}
}

// taken adds up the tallies, of which one import fills one.
func taken(r catalog.Report) (t catalog.Tally) {
	for _, u := range []catalog.Tally{r.Movies, r.Users, r.Ratings, r.Watches} {
		t.Add(u)
	}
	return t
}
