package table_test

import (
	"testing"

	"marquee/catalog"
	"marquee/catalog/table"
)

// A catalog, what enriches it, and what people did, through the real store.
func TestImportIntoSQLite(t *testing.T) {
	store := openStore(t)
	for range 2 {
		load(t, store, "id,imdb_id,title,runtime\nheat,tt0113277,Heat,170\nronin,tt0122690,Ronin,122\n", table.Options{Format: table.CSV})
		report := load(t, store, `{"imdb_id":"113277","overview":"A thief.","source":"https://example.org/heat"}`+"\n"+`{"imdb_id":"1","overview":"?"}`, table.Options{Merge: table.ByIMDB})
		if report.Movies.Total() != 1 || report.Refused != 1 {
			t.Errorf("merge: %+v, want one merged and one refused", report)
		}
		load(t, store, "user,movie,rating,time\n1,heat,5,2024-01-02\n1,heat,4,2024-01-01\n", table.Options{Format: table.CSV, Kind: table.Ratings})
		load(t, store, "user,movie,minute,time\n1,ronin,60,2024-01-03\n", table.Options{Format: table.CSV, Kind: table.Watches})
	}
	m, err := store.Movie(t.Context(), "heat")
	if err != nil || m.Title != "Heat" || m.Overview != "A thief." || string(m.Extra["source"]) != `"https://example.org/heat"` {
		t.Errorf("movie is %+v, %v, want title, plot and source", m, err)
	}
	seen, err := store.History(t.Context(), "1", 0)
	if err != nil || len(seen) != 2 || seen[0].Movie != "ronin" || !seen[0].Shared || seen[1].Rating != 5 {
		t.Errorf("history is %+v, %v, want half of ronin, then heat rated 5", seen, err)
	}
	counts, err := store.Counts(t.Context())
	if want := (catalog.Counts{Movies: 2, Ratings: 1, Watches: 1, Changes: counts.Changes, Versions: counts.Versions}); err != nil || counts != want {
		t.Errorf("counts are %+v, %v, want %+v", counts, err, want)
	}
}
