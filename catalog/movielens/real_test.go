package movielens_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"marquee/catalog"
	"marquee/catalog/movielens"
	"marquee/catalog/sqlstore"
)

// The figures are those of the data set's README.txt and of the metadata file.
func TestImportRealSmall(t *testing.T) {
	data := os.Getenv("MARQUEE_DATA")
	if data == "" {
		t.Skip("MARQUEE_DATA is not set: no real MovieLens to import")
	}
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "m.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	opts := movielens.DefaultOptions()
	opts.Metadata = filepath.Join(data, "ml-latest-small-metadata.jsonl.gz")
	dir := filepath.Join(data, "ml-latest-small")
	report, err := movielens.Import(t.Context(), store, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if report.Movies.New != 9742 || report.Ratings.New != 100836 || report.Refused != 0 {
		t.Errorf("report is %+v, want 9742 movies, 100836 ratings, 0 refused", report)
	}
	withPlot := 0
	for m, err := range store.Movies(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Overview != "" {
			withPlot++
		}
	}
	if withPlot != 6341 {
		t.Errorf("%d movies have a plot, want 6341", withPlot)
	}
	people := make(map[catalog.UserID]bool)
	for seen, err := range store.Histories(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		people[seen.User] = true
	}
	if len(people) != 610 {
		t.Errorf("%d people have a history, want 610", len(people))
	}
	again, err := movielens.Import(t.Context(), store, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if want := (catalog.Tally{Same: 9742}); again.Movies != want {
		t.Errorf("second import: movies %+v, want %+v", again.Movies, want)
	}
	if want := (catalog.Tally{Same: 100836}); again.Ratings != want {
		t.Errorf("second import: ratings %+v, want %+v", again.Ratings, want)
	}
}
