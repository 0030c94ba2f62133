package dataset_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogtest/pgtest"
	"marquee/catalog/dataset"
	"marquee/catalog/sqlstore"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// The same facts have the same version in every database, in whatever order they
// came, and from the snapshot of each.
func TestVersionOfDatabases(t *testing.T) {
	var want string
	for _, kind := range []string{"sqlite", "sqlite, backwards", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "facts.db")
			if kind == "postgres" {
				dsn = pgtest.DSN(t)
			}
			version := versionOf(t, dsn, kind == "sqlite, backwards")
			if want == "" {
				want = version
			}
			if version != want {
				t.Errorf("version %s, want %s", version, want)
			}
		})
	}
}

// versionOf stores facts and returns the version of their snapshot.
func versionOf(t *testing.T, dsn string, backwards bool) string {
	t.Helper()
	ctx := t.Context()
	store, err := sqlstore.Open(ctx, dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	fill(t, store, backwards)
	view, err := store.Freeze(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	shelf, err := dataset.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, added, err := shelf.Write(ctx, view, dataset.Origin{}, time.Now(), nil)
	if err != nil || !added {
		t.Fatalf("added %v, %v", added, err)
	}
	for _, table := range m.Tables {
		if table.Rows == 0 {
			t.Errorf("no rows of %s", table.Name)
		}
	}
	snap, err := shelf.Open(ctx, m.Version, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	d := dataset.NewDigest(m.Scale)
	for h, err := range snap.Histories(ctx) {
		if err == nil {
			err = d.Seen(h)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if again, added, err := shelf.Write(ctx, store, dataset.Origin{}, time.Now(), nil); err != nil || added || again.Version != m.Version {
		t.Errorf("from the store itself: %s, added %v, %v", again.Version, added, err)
	}
	return m.Version
}

func fill(t *testing.T, store *sqlstore.Store, backwards bool) {
	t.Helper()
	ctx := t.Context()
	if err := store.SetScale(ctx, catalog.ScaleMovieLens); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC)
	steps := []func() error{
		func() error {
			_, err := store.PutMovies(ctx, []catalog.Movie{
				{ID: "heat+1995", Title: "Heat", RuntimeMinutes: 170, VoteAverage: 7.9, Genres: []string{"Crime"}, Extra: map[string]json.RawMessage{"a": json.RawMessage(`{"z":1.50,"b":"<&>"}`)}},
				{ID: "Heat+1995", Title: "Another"}, {ID: "映画", Title: "映画 'quoted' \\"},
			})
			return err
		},
		func() error {
			_, err := store.PutUsers(ctx, []catalog.User{{ID: "b", Age: 12, Gender: "F"}, {ID: "B"}, {ID: "ä"}, {ID: "10"}, {ID: "9"}})
			return err
		},
		func() error {
			_, err := store.Append(ctx, catalog.Batch{Partition: "p/1", From: 0, To: 9, ReadAt: at,
				Minutes:  []catalog.Minute{{User: "b", Movie: "heat+1995", At: at, Minute: 16}, {User: "b", Movie: "unknown+", At: at, Minute: 3}, {User: "B", Movie: "heat+1995", At: at.Add(time.Hour), Minute: 99}},
				Accounts: []catalog.Account{{User: "b", At: at}, {User: "ä", At: at.Add(-time.Hour)}}})
			return err
		},
		func() error {
			_, err := store.Append(ctx, catalog.Batch{Partition: "p/2", From: 0, To: 9, ReadAt: at,
				Minutes: []catalog.Minute{{User: "b", Movie: "heat+1995", At: at.AddDate(0, 0, 1), Minute: 2}},
				Ratings: []catalog.Rating{{User: "b", Movie: "映画", Value: 3.5, At: at}, {User: "9", Movie: "heat+1995", Value: 0.5, At: at}, {User: "10", Movie: "heat+1995", Value: 5, At: at}}})
			return err
		},
	}
	for i := range steps {
		step := steps[i]
		if backwards {
			step = steps[len(steps)-1-i]
		}
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}
