package table_test

import (
	"reflect"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/table"
)

// Whatever the line, a movie that is decoded is fit to be stored, and decoding
// it again gives the same.
func FuzzDecodeMovie(f *testing.F) {
	for _, seed := range []string{
		`{"id":"heat+1995","title":"Heat","genres":[{"id":80,"name":"Crime"}],"year":1995}`,
		`{"movieId":1,"cast":["Tim Allen","(voices)"],"belongs_to_collection":{},"adult":"False"}`,
		`{"id":"1","genres":"[{'id': 35, 'name': \"Children's\"}, None]","runtime":"1h 5m","release_date":"null"}`,
		`{"id":"1","cast":"[('a', 1), {'name': 'b'}]","imdb_id":"https://www.imdb.com/title/tt0114709/","year":"1995-11-22"}`,
		`{"id":1e5,"ID":2.50,"tmdb_id":"1,000","budget":{"a":[` + "\xff" + `]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, notes, err := table.DecodeMovie(line)
		if err != nil {
			return
		}
		again, notesAgain, _ := table.DecodeMovie(line)
		if !reflect.DeepEqual(m, again) || !reflect.DeepEqual(notes, notesAgain) {
			t.Fatalf("%q: decoded %+v %q, then %+v %q", line, m, notes, again, notesAgain)
		}
		before := m
		if left, err := m.Normalize(); err != nil || len(left) > 0 || !reflect.DeepEqual(before, m) {
			t.Errorf("%q: %+v is not normalized: %v %q", line, before, err, left)
		}
		if m.IMDBID != "" {
			if id, err := catalog.ParseIMDBID(m.IMDBID); err != nil || id != m.IMDBID {
				t.Errorf("%q: imdb id %q, want the form of %q", line, m.IMDBID, id)
			}
		}
	})
}

// Whatever the file, what goes in is legal, and the second time nothing is new.
func FuzzImportCSV(f *testing.F) {
	f.Add("user,movie,rating,time\nu,m,4,2024-01-01\nu,m,3,17e8\n")
	f.Add("userId\tmovieId\trating\n1\t2\t\"5\n")
	f.Add("id,title,genres\n1,\"a\"\"b\",\"['x']\"\n1,b,c\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{table.Movies, table.Users, table.Ratings, table.Watches} {
			store := newFake()
			path := write(t, text)
			opts := table.Options{Format: table.CSV, Kind: kind}
			if _, err := table.Import(t.Context(), store, path, opts); err != nil {
				continue
			}
			for id := range store.movies {
				if _, err := catalog.ParseMovieID(string(id)); err != nil {
					t.Error(err)
				}
			}
			for _, r := range store.ratings {
				if err := store.scale.Check(r.Value); err != nil {
					t.Error(err)
				}
				if y := r.At.Year(); y < 1850 || y > 2200 {
					t.Errorf("a rating of the year %d", y)
				}
			}
			again, err := table.Import(t.Context(), store, path, opts)
			if got := taken(again); err != nil || got.New+got.Changed > 0 {
				t.Errorf("%s of %q: the second import took %+v, %v", kind, text, got, err)
			}
			if len(store.minutes) > strings.Count(text, "\n")+1 {
				t.Errorf("%d minutes from %q", len(store.minutes), text)
			}
		}
	})
}
