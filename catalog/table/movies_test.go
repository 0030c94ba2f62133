package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/catalog/table"
)

// One movie said in many ways.
func TestMovieForms(t *testing.T) {
	heat := catalog.Movie{
		ID: "heat", TMDBID: 949, IMDBID: "tt0113277", Title: "Heat", Year: 1995, ReleaseDate: "1995-12-15",
		Genres: []string{"Crime", "Drama"}, People: []string{"Al Pacino", "Robert De Niro", "Michael Mann"},
		Collection: "Mann", RuntimeMinutes: 170, VoteCount: 12000,
	}
	for _, c := range []struct{ name, format, text string }{
		{"our names", table.JSONL, `{"id":"heat","tmdb_id":949,"imdb_id":"tt0113277","title":"Heat","year":1995,"release_date":"1995-12-15","genres":["Crime","Drama"],"people":["Al Pacino","Robert De Niro"],"crew":["Michael Mann"],"collection":"Mann","runtime_minutes":170,"vote_count":12000}`},
		{"the catalog API", table.JSONL, `{"id":"heat","tmdb_id":949,"imdb_id":"tt0113277","title":"Heat","original_title":"null","adult":"False","belongs_to_collection":{"id":3,"name":"Mann"},"genres":[{"id":80,"name":"Crime"},{"id":18,"name":"Drama"}],"cast":[{"name":"Al Pacino"},{"name":"Robert De Niro"}],"director":"Michael Mann","release_date":"1995-12-15","runtime":170,"status":"null","vote_count":"12000"}`},
		{"odd JSON", table.JSONL, `{"movieId":"heat","TMDB-ID":949.0,"imdb":113277,"name":" Heat ","releaseYear":"(1995)","released":"15-Dec-1995","genre":"Crime|Drama","actors":"['Al Pacino', \"Robert De Niro\"]","directors":["Michael Mann (director)"],"series":"{'id': 1, 'name': 'Mann'}","duration":"2h 50m","numVotes":"12,000"}`},
		{"CSV", table.CSV, "movie_id,tmdb_id,imdb_id,title,release_date,genres,cast,director,collection,runtime,vote_count\nheat,949,0113277,Heat,1995-12-15,\"Crime, Drama\",Al Pacino; Robert De Niro,Michael Mann,Mann,170 min,12000\n"},
		{"CSV of pandas", table.CSV, ",Movie ID,tmdb_id,imdb_id,title,year,release_date,genres,cast,director,belongs_to_collection,runtime,vote_count\n0,heat,949.0,https://www.imdb.com/title/tt0113277/,Heat,1995.0,1995-12-15,\"[{'id': 80, 'name': 'Crime'}, {'id': 18, 'name': 'Drama'}]\",\"['Al Pacino', '(voices)', 'Robert De Niro (actor)', '&']\",Michael Mann,\"{'id': 9, 'name': 'Mann', 'poster_path': None}\",170.0,12000\n"},
		{"semicolons", table.CSV, "id;tmdb;imdb;title;year;release date;genres;cast;director;collection;runtime;vote_count\r\nheat;949;tt0113277;Heat;1995;1995-12-15;Crime|Drama;Al Pacino|Robert De Niro;Michael Mann;Mann;170;12000\r\n"},
		{"tabs and \\N", table.CSV, "id\ttmdb_id\ttconst\tprimaryTitle\toriginalTitle\tstartYear\trelease_date\tgenres\tcast\tdirector\tcollection\truntimeMinutes\tnumVotes\nheat\t949\ttt0113277\tHeat\t\\N\t1995\t1995-12-15\tCrime,Drama\tAl Pacino,Robert De Niro\tMichael Mann\tMann\t170\t12000\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFake()
			report := load(t, store, c.text, table.Options{Format: c.format})
			if got := store.movies["heat"]; !reflect.DeepEqual(got, heat) {
				t.Errorf("got  %+v\nwant %+v", got, heat)
			}
			if want := (catalog.Report{Movies: catalog.Tally{New: 1}}); !reflect.DeepEqual(report, want) {
				t.Errorf("report is %+v, want %+v", report, want)
			}
		})
	}
}

// Columns without a field are kept, and empty ones are not.
func TestMovieExtra(t *testing.T) {
	store := newFake()
	load(t, store, `{"id":"1","source":"https://example.org/a","budget": [ 1, 2 ],"homepage":"null","note":""}`, table.Options{})
	want := map[string]json.RawMessage{"source": []byte(`"https://example.org/a"`), "budget": []byte(`[1,2]`)}
	if got := store.movies["1"].Extra; !reflect.DeepEqual(got, want) {
		t.Errorf("extra is %s, want %s", got, want)
	}
}

// One wrong value costs itself, not the movie; the report says which.
func TestMovieMended(t *testing.T) {
	for _, c := range []struct{ json, reason string }{
		{`"year":"soon"`, "year"},
		{`"year":12`, "year"},
		{`"runtime":"long"`, "runtime"},
		{`"runtime":1e9`, "runtime"},
		{`"imdb_id":"nm0000199"`, "imdb_id"},
		{`"tmdb_id":-1`, "tmdb_id"},
		{`"tmdb_id":1.5`, "tmdb_id"},
		{`"release_date":"tomorrow"`, "release_date"},
		{`"genres":7.5,"adult":"perhaps"`, "adult"},
		{`"title":["a"]`, "title"},
		{`"genres":[["a"]]`, "genres"},
		{`"vote_average":"11"`, "vote_average"},
		{`"overview":"` + strings.Repeat("plot ", 200_000) + `"`, "overview"}, // 1 MB
		{`"tagline":"` + "\xff" + ` é"`, "UTF-8"},
		{manyColumns(101), "100 columns"},
		{`"poster":"` + strings.Repeat("p", 1<<20) + `"`, "poster"},
	} {
		store := newFake()
		report := load(t, store, `{"id":"1","title":"A",`+c.json+`}`, table.Options{})
		if report.Mended != 1 || report.Refused != 0 || report.Movies.New != 1 {
			t.Errorf("%.40s: report is %+v, want the movie in and mended", c.json, report)
			continue
		}
		if f := report.Faults[0]; f.Line != 1 || !strings.Contains(f.Reason, c.reason) {
			t.Errorf("%.40s: fault is %v, want line 1 and %q", c.json, f, c.reason)
		}
	}
}

// manyColumns returns n columns without a field.
func manyColumns(n int) string {
	columns := make([]string, n)
	for i := range columns {
		columns[i] = fmt.Sprintf(`"x%d":1`, i)
	}
	return strings.Join(columns, ",")
}

// Wrong rows are reported with their line, the rest go in.
func TestMoviesRefused(t *testing.T) {
	for _, c := range []struct {
		name, format, text string
		refused            []int
		took               int
	}{
		{"JSON lines", table.JSONL, "{\"id\":\"1\"}\n\nnot JSON\n[1]\nnull\n{\"title\":\"no id\"}\n{\"id\":\"a b\"}\n{\"id\":\"null\"}\n{\"id\":7}\n{\"id\":\"2\"", []int{3, 4, 5, 6, 7, 10}, 3},
		{"CSV", table.CSV, "id,title\n1,\"One\nand two\"\n2\n3,a,b\n4,\"x\"y\na/b,c\n,d\n5,five\n", []int{4, 5, 6, 7, 8}, 2},
		{"a line of 20 MB", table.JSONL, "{\"id\":\"1\"}\n{\"id\":\"" + strings.Repeat("x", 20<<20) + "\"}\n{\"id\":\"2\"}\n", []int{2}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFake()
			report := load(t, store, c.text, table.Options{Format: c.format})
			if got := faultLines(report); !slices.Equal(got, c.refused) || report.Refused != len(c.refused) {
				t.Errorf("refused %d, lines %v, want lines %v: %v", report.Refused, got, c.refused, report.Faults)
			}
			if len(store.movies) != c.took || report.Movies.New != c.took {
				t.Errorf("took %d, want %d", len(store.movies), c.took)
			}
		})
	}
}

// A file of an old Mac, whose lines end in CR alone, is read as any other.
func TestLoneCR(t *testing.T) {
	for format, text := range map[string]string{
		table.CSV:   "id,title\r1,Heat\r2,\"Thelma\rand Louise\"\ra/b,c\r",
		table.JSONL: "{\"id\":\"1\",\"title\":\"Heat\"}\r{\"id\":\"2\",\"title\":\"Thelma and Louise\"}\r{\"id\":\"a/b\"}",
	} {
		store := newFake()
		report := load(t, store, text, table.Options{Format: format})
		if report.Movies.New != 2 || report.Refused != 1 || store.movies["1"].Title != "Heat" || store.movies["2"].Title != "Thelma and Louise" {
			t.Errorf("%s: %+v, %+v; want two movies and one refused", format, report, store.movies)
		}
	}
}

// Ids are opaque: the words by which other columns say nothing are ids, and all
// but null and \N are titles.
func TestWordsForNothing(t *testing.T) {
	words := []string{"null", "NULL", "None", "nan", "NaN", "<NA>", "undefined", `\N`}
	for _, format := range []string{table.CSV, table.JSONL} {
		csv, lines := "id,title,overview\n", ""
		for _, w := range append(words, "N/A", "") {
			csv += w + "," + w + "," + w + "\n"
			quoted := strconv.Quote(w)
			lines += `{"id":` + quoted + `,"title":` + quoted + `,"overview":` + quoted + "}\n"
		}
		text := csv + "na,N/A,\n"
		if format == table.JSONL {
			text = lines + `{"id":"na","title":"N/A"}` + "\n" + `{"id":null,"title":"x"}` + "\n" + `{"id":"x","title":null}`
		}
		store := newFake()
		report := load(t, store, text, table.Options{Format: format})
		for _, w := range words {
			m, ok := store.movies[catalog.MovieID(w)]
			want := w
			if strings.EqualFold(w, "null") || w == `\N` {
				want = ""
			}
			if !ok || m.Title != want || m.Overview != "" {
				t.Errorf("%s: movie %q is %+v (%v), want title %q and no overview", format, w, m, ok, want)
			}
		}
		if m := store.movies["na"]; m.Title != "N/A" {
			t.Errorf("%s: title is %q, want N/A", format, m.Title)
		}
		if report.Refused < 2 || !strings.Contains(fmt.Sprint(report.Faults), `"N/A" holds '/'`) || !strings.Contains(fmt.Sprint(report.Faults), "id is empty") {
			t.Errorf("%s: refused %v, want N/A for its slash and the empty id", format, report.Faults)
		}

		store = newFake()
		deeds := "user,movie,value\nnull,None,3\nnan,<NA>,4\nu,N/A,5\n,m,5\n"
		if format == table.JSONL {
			deeds = `{"user":"null","movie":"None","value":3}` + "\n" + `{"user":"nan","movie":"<NA>","value":4}` + "\n" + `{"user":"u","movie":"N/A","value":5}` + "\n" + `{"user":null,"movie":"m","value":5}`
		}
		report = load(t, store, deeds, table.Options{Format: format, Kind: table.Ratings})
		if report.Ratings.New != 2 || report.Refused != 2 || store.ratings[[2]string{"null", "None"}].Value != 3 || store.ratings[[2]string{"nan", "<NA>"}].Value != 4 {
			t.Errorf("%s: ratings are %+v, %v", format, store.ratings, report.Faults)
		}
	}
}

// A column that loses its field to another goes to the extras only if it says
// something there.
func TestWordsForNothingAreNoExtras(t *testing.T) {
	store := newFake()
	load(t, store, "id,movieid,title,name\n1,nan,Heat,None\n", table.Options{Format: table.CSV})
	if m := store.movies["1"]; m.Title != "Heat" || len(m.Extra) != 0 {
		t.Errorf("got %+v, want no extras", m)
	}
}

// Of rows with one id the last counts, so that a second import changes nothing.
func TestMoviesOfOneID(t *testing.T) {
	text := "{\"id\":\"1\",\"title\":\"A\"}\n{\"id\":\"2\",\"title\":\"B\"}\n{\"id\":1,\"title\":\"C\"}\n"
	store := newFake()
	report := load(t, store, text, table.Options{})
	if got := store.movies["1"].Title; got != "C" {
		t.Errorf("title is %q, want C", got)
	}
	if report.Movies.New != 2 || report.Mended != 1 || faultLines(report)[0] != 1 {
		t.Errorf("report is %+v, want 2 new and line 1 mended", report)
	}
	if again := load(t, store, text, table.Options{}); again.Movies != (catalog.Tally{Same: 2}) {
		t.Errorf("second import: %+v, want 2 the same", again.Movies)
	}
}

func TestMerge(t *testing.T) {
	known := []catalog.Movie{
		{ID: "1", IMDBID: "tt0000001", TMDBID: 5, Title: "One"},
		{ID: "2", IMDBID: "tt0000001", TMDBID: 6, Title: "Two", Overview: "kept"},
		{ID: "3", Title: "Three"},
	}
	for _, c := range []struct {
		name, row string
		opts      table.Options
		want      map[catalog.MovieID]string // title and overview
		refused   int
	}{
		{"by IMDb id, all of them", `{"id":"x","imdb_id":"1","title":"T","plot":"new"}`, table.Options{Merge: table.ByIMDB},
			map[catalog.MovieID]string{"1": "One/new", "2": "Two/kept", "3": "Three/"}, 0},
		{"with prefer", `{"imdb_id":"tt1","title":"T","plot":"new"}`, table.Options{Merge: table.ByIMDB, Prefer: true},
			map[catalog.MovieID]string{"1": "T/new", "2": "T/new", "3": "Three/"}, 0},
		{"by TMDB id", `{"tmdb_id":"5","plot":"new"}`, table.Options{Merge: table.ByTMDB},
			map[catalog.MovieID]string{"1": "One/new", "2": "Two/kept", "3": "Three/"}, 0},
		{"by id", `{"id":3,"plot":"new"}`, table.Options{Merge: table.ByID},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/new"}, 0},
		{"unknown", `{"id":"4","imdb_id":"tt9","plot":"new"}`, table.Options{Merge: table.ByIMDB},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/"}, 1},
		{"unknown, added", `{"id":"4","imdb_id":"tt9","title":"Four"}`, table.Options{Merge: table.ByIMDB, Add: true},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/", "4": "Four/"}, 0},
		{"unknown, without an id to add by", `{"imdb_id":"tt9","title":"Four"}`, table.Options{Merge: table.ByIMDB, Add: true},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/"}, 1},
		{"unknown, its id is another movie's", `{"id":"3","imdb_id":"tt9","title":"Four"}`, table.Options{Merge: table.ByIMDB, Add: true},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/"}, 1},
		{"two rows that would add one id", `{"id":"4","imdb_id":"tt8","title":"Four"}` + "\n" + `{"id":"4","imdb_id":"tt9","title":"Five"}`, table.Options{Merge: table.ByIMDB, Add: true},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/", "4": "Four/"}, 1},
		{"nothing to merge by", `{"id":"1","plot":"new"}`, table.Options{Merge: table.ByIMDB},
			map[catalog.MovieID]string{"1": "One/", "2": "Two/kept", "3": "Three/"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFake(known...)
			for range 2 {
				report := load(t, store, c.row, c.opts)
				got := make(map[catalog.MovieID]string)
				for id, m := range store.movies {
					got[id] = m.Title + "/" + m.Overview
				}
				if !reflect.DeepEqual(got, c.want) || report.Refused != c.refused {
					t.Errorf("got %v, refused %d, want %v and %d: %v", got, report.Refused, c.want, c.refused, report.Faults)
				}
			}
			if report := load(t, store, c.row, c.opts); report.Movies.New+report.Movies.Changed != 0 {
				t.Errorf("the third import changed the store: %+v", report.Movies)
			}
		})
	}
}

// A column map wins over usual names, and "-" hides a column.
func TestColumns(t *testing.T) {
	store := newFake()
	opts := table.Options{Format: table.CSV, ListSep: "/", Columns: map[string]string{"id": "Kennung", "people": "Schauspieler", "title": "Original Titel", "overview": "-"}}
	load(t, store, "id,Kennung,TITLE,original_titel,Schauspieler,plot\n9,m1,English,Deutsch,\"A, Jr./B\",text\n", opts)
	want := catalog.Movie{ID: "m1", Title: "Deutsch", People: []string{"A, Jr.", "B"}, Extra: map[string]json.RawMessage{
		"id": []byte(`"9"`), "TITLE": []byte(`"English"`), "plot": []byte(`"text"`),
	}}
	if got := store.movies["m1"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Of columns that usually hold one field, the surest that says something holds
// it, wherever it stands; the others are kept.
func TestColumnsOfOneField(t *testing.T) {
	for _, text := range []string{"id,summary,overview\n1,low,high\n", "id,overview,summary\n1,high,low\n"} {
		store := newFake()
		load(t, store, text, table.Options{Format: table.CSV})
		if m := store.movies["1"]; m.Overview != "high" || len(m.Extra) != 1 {
			t.Errorf("%q: movie is %+v, want the overview high and one extra", text, m)
		}
	}
	store := newFake()
	load(t, store, "id,summary,overview\n1,low,null\n", table.Options{Format: table.CSV})
	if m := store.movies["1"]; m.Overview != "low" {
		t.Errorf("movie is %+v, want the overview low", m)
	}
}

// Rows of 1 MB go to the store a few at a time.
func TestLargeRows(t *testing.T) {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "{\"id\":%d,\"overview\":%q}\n", i, strings.Repeat("plot ", 200_000))
	}
	store := newFake()
	report := load(t, store, b.String(), table.Options{})
	if report.Movies.New != 10 || report.Mended != 10 || store.largest > 9 {
		t.Errorf("report %+v, at most %d a call, want 10 movies, 9 a call at most", report.Movies, store.largest)
	}
}

// What stops an import says why.
func TestImportFaults(t *testing.T) {
	for _, c := range []struct {
		name, text string
		opts       table.Options
		want       string
	}{
		{"empty JSON lines", "", table.Options{}, "empty"},
		{"empty CSV", "", table.Options{Format: table.CSV}, "empty"},
		{"one JSON list", "[{\"id\":1}]", table.Options{}, "one JSON list"},
		{"no column for the id", "title\nHeat\n", table.Options{Format: table.CSV}, "no column for id"},
		{"no column to merge by", "id\n1\n", table.Options{Format: table.CSV, Merge: table.ByTMDB}, "no column for tmdb_id"},
		{"mapped column missing", "id,title\n1,Heat\n", table.Options{Format: table.CSV, Columns: map[string]string{"title": "Titel"}}, `no column "Titel"`},
		{"format", "x", table.Options{Format: "xml"}, `format is "xml"`},
		{"kind", "x", table.Options{Kind: "films"}, `kind is "films"`},
		{"merge", "x", table.Options{Merge: "title"}, `merge is "title"`},
		{"merge of people", "x", table.Options{Kind: table.Users, Merge: table.ByID}, "merge"},
		{"prefer alone", "x", table.Options{Prefer: true}, "prefer"},
		{"field", "x", table.Options{Columns: map[string]string{"actor": "x"}}, `no field "actor"`},
		{"comma", "x", table.Options{Comma: '"'}, "comma"},
	} {
		_, err := table.Import(t.Context(), newFake(), write(t, c.text), c.opts)
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: error is %v, want ErrInvalid with %q", c.name, err, c.want)
		}
	}
}
