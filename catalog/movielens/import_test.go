package movielens_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/movielens"
)

// small is a folder as of ml-latest-small.
func small() map[string]string {
	return map[string]string{
		"movies.csv": "\ufeffmovieId,title,genres\r\n1,Toy Story (1995),Adventure|Animation\r\n" +
			"2,\"Matrix, The (1999)\",Action\r\n3,\"\"\"Quoted\"\" Movie\",(no genres listed)\r\n",
		"links.csv":   "movieId,imdbId,tmdbId\r\n1,0114709,862\r\n2,133093,\r\n3,,\r\n",
		"ratings.csv": "userId,movieId,rating,timestamp\r\n1,1,4.5,964982703\r\n1,2,0.5,964982704\r\n2,1,5.0,964982705\r\n",
		"tags.csv": "userId,movieId,tag,timestamp\n1,1,Pixar,1\n2,1,pixar ,2\n3,1,in netflix queue,3\n4,1,toys,4\n5,1,Animation,5\n" +
			"6,1,2009,6\n7,1,\"boys, dolls\",7\n",
		"meta.jsonl": `{"movieId":1,"title":"Toy Story (1995)","genres":["x"],"imdb_id":"tt9","year":1999,"cast":["Tim Allen","(voices)","Tom Hanks (actor)"],"overview":"Toys.","source":"https://example.org/toys"}` + "\n",
	}
}

func TestImportSmall(t *testing.T) {
	dir := folder(t, small())
	store := newFake()
	opts := movielens.Options{Keywords: 3, Metadata: filepath.Join(dir, "meta.jsonl")}
	report := load(t, store, dir, opts)
	toys := catalog.Movie{
		ID: "1", TMDBID: 862, IMDBID: "tt0114709", Title: "Toy Story", Year: 1995, Genres: []string{"Adventure", "Animation"},
		People: []string{"Tim Allen", "Tom Hanks"}, Keywords: []string{"pixar", "animation", "boys, dolls"}, Overview: "Toys.",
		Extra: store.movies["1"].Extra,
	}
	if got := store.movies["1"]; !reflect.DeepEqual(got, toys) || string(got.Extra["source"]) != `"https://example.org/toys"` {
		t.Errorf("got  %+v\nwant %+v", got, toys)
	}
	if got, want := store.movies["2"], (catalog.Movie{ID: "2", IMDBID: "tt0133093", Title: "The Matrix", Year: 1999, Genres: []string{"Action"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, want := store.movies["3"], (catalog.Movie{ID: "3", Title: `"Quoted" Movie`}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, want := store.ratings[[2]string{"1", "1"}], (catalog.Rating{User: "1", Movie: "1", Value: 4.5, At: time.Unix(964982703, 0).UTC()}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if want := (catalog.Report{Movies: catalog.Tally{New: 3}, Ratings: catalog.Tally{New: 3}}); !reflect.DeepEqual(report, want) {
		t.Errorf("report is %+v, want %+v", report, want)
	}
	if store.scale != catalog.ScaleMovieLens {
		t.Errorf("scale is %v, want %v", store.scale, catalog.ScaleMovieLens)
	}
	again := load(t, store, dir, opts)
	if want := (catalog.Report{Movies: catalog.Tally{Same: 3}, Ratings: catalog.Tally{Same: 3}}); !reflect.DeepEqual(again, want) {
		t.Errorf("second report is %+v, want %+v", again, want)
	}
}

// What other files added stays when the folder is imported again.
func TestImportKeepsWhatItDoesNotKnow(t *testing.T) {
	dir := folder(t, small())
	store := newFake()
	load(t, store, dir, movielens.Options{})
	m := store.movies["2"]
	m.Overview, m.Title = "Added later.", "Wrong"
	store.movies["2"] = m
	load(t, store, dir, movielens.Options{})
	if got := store.movies["2"]; got.Overview != "Added later." || got.Title != "The Matrix" {
		t.Errorf("got %+v, want the plot kept and the folder's title", got)
	}
}

func TestImport1M(t *testing.T) {
	dir := folder(t, map[string]string{
		"movies.dat":  "1::Toy Story (1995)::Animation|Children's\n2::Am\xe9lie, Le (2001)::Comedy\n",
		"ratings.dat": "1::1::5::978300760\n2::2::3::978302109\n",
		"users.dat":   "1::F::1::10::48067\n2::M::56::16::70072\n",
	})
	store := newFake()
	report := load(t, store, dir, movielens.Options{})
	if got := store.movies["2"].Title; got != "Le Amélie" {
		t.Errorf("title is %q, want Le Amélie: the file is in Latin-1", got)
	}
	one := catalog.User{ID: "1", Age: 17, Gender: "F", Occupation: "K-12 student", Extra: store.people["1"].Extra}
	if got := store.people["1"]; !reflect.DeepEqual(got, one) || string(got.Extra["zip"]) != `"48067"` || !got.Minor() {
		t.Errorf("got %+v, want %+v", got, one)
	}
	if store.people["2"].Occupation != "self-employed" || store.scale != catalog.Scale5 || report.Refused+report.Mended != 0 || len(store.ratings) != 2 {
		t.Errorf("person %+v, scale %v, report %+v", store.people["2"], store.scale, report)
	}
}

func TestImport10M(t *testing.T) {
	dir := folder(t, map[string]string{
		"movies.dat": "1::Toy Story (1995)::Animation\n", "ratings.dat": "1::1::4.5::978300760\n", "tags.dat": "1::1::pixar::1\n",
	})
	store := newFake()
	report := load(t, store, dir, movielens.DefaultOptions())
	if report.Ratings.New != 1 || store.scale != catalog.ScaleMovieLens || !slices.Equal(store.movies["1"].Keywords, []string{"pixar"}) {
		t.Errorf("report %+v, scale %v, movie %+v, want half stars and a keyword", report, store.scale, store.movies["1"])
	}
}

func TestImport100K(t *testing.T) {
	flags := func(on ...int) string {
		f := slices.Repeat([]string{"0"}, 19)
		for _, i := range on {
			f[i] = "1"
		}
		return strings.Join(f, "|")
	}
	files := map[string]string{
		"u.item":  "1|Toy Story (1995)|01-Jan-1995||http://example.org/toy|" + flags(3, 4, 5) + "\n2|Diabolique, Les (1955)|||| \n3|unknown||||" + flags(0) + "\n",
		"u.data":  "196\t1\t3\t881250949\n186\t3\t6\t891717742\n",
		"u.user":  "196|49|M|writer|55105\n",
		"u.genre": "unknown|0\nAction|1\nAdventure|2\nAnimation|3\nChildren's|4\nComedy|5\n\n",
	}
	store := newFake()
	report := load(t, store, folder(t, files), movielens.Options{})
	toys := catalog.Movie{ID: "1", Title: "Toy Story", Year: 1995, ReleaseDate: "1995-01-01", Genres: []string{"Animation", "Children's", "Comedy"}, Extra: store.movies["1"].Extra}
	if got := store.movies["1"]; !reflect.DeepEqual(got, toys) || string(got.Extra["imdb_url"]) != `"http://example.org/toy"` {
		t.Errorf("got  %+v\nwant %+v", got, toys)
	}
	if got := store.movies["3"]; got.Genres != nil || got.Title != "unknown" {
		t.Errorf("got %+v, want no genres", got)
	}
	var where []string
	for _, f := range report.Faults {
		where = append(where, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	if want := []string{"u.item:2", "u.data:2"}; !slices.Equal(where, want) || report.Refused != 2 {
		t.Errorf("faults at %v, want %v", where, want)
	}
	if got := store.people["196"]; got.Age != 49 || got.Occupation != "writer" {
		t.Errorf("person is %+v, want a writer of 49", got)
	}
	delete(files, "u.genre")
	other := newFake()
	load(t, other, folder(t, files), movielens.Options{})
	if got := other.movies["1"].Genres; !slices.Equal(got, toys.Genres) {
		t.Errorf("without u.genre: genres %v, want %v", got, toys.Genres)
	}
}

func TestImportWrongRows(t *testing.T) {
	files := small()
	files["movies.csv"] += "2,Again (2000),Drama\nx y,Blank,\n4\n5,\"Open,Drama\n"
	files["links.csv"] += "9,1,1\n3,nm7,zero\n"
	files["tags.csv"] += "1,9,pixar,1\n"
	files["ratings.csv"] += "1,3,4.2,1\n1,3,6,1\n1,3,x,1\n1,3,4,soon\n,3,4,1\n1,3,4\n1,77,4,1\n2,77,4,1\n"
	files["meta.jsonl"] += "{\"movieId\":9}\n{}\nnope\n"
	dir := folder(t, files)
	store := newFake()
	report := load(t, store, dir, movielens.Options{Metadata: filepath.Join(dir, "meta.jsonl")})
	var where []string
	for _, f := range report.Faults {
		where = append(where, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	want := []string{
		"movies.csv:3", "movies.csv:6", "movies.csv:7", "movies.csv:8",
		"links.csv:5", "links.csv:6", "links.csv:6",
		"tags.csv:9", "meta.jsonl:2", "meta.jsonl:3", "meta.jsonl:4",
		"ratings.csv:5", "ratings.csv:6", "ratings.csv:7", "ratings.csv:8", "ratings.csv:9", "ratings.csv:10", "ratings.csv:11",
	}
	if !slices.Equal(where, want) {
		t.Errorf("faults at\n%v, want\n%v\n%v", where, want, report.Faults)
	}
	if report.Mended != 4 || report.Refused != len(want)-4 {
		t.Errorf("mended %d, refused %d, want 4 and %d", report.Mended, report.Refused, len(want)-4)
	}
	if len(store.movies) != 3 || store.movies["2"].Title != "Again" || len(store.ratings) != 5 {
		t.Errorf("%d movies, %d ratings, movie 2 is %q, want 3, 5 and Again", len(store.movies), len(store.ratings), store.movies["2"].Title)
	}
}

// Ratings on another scale are refused before anything changes.
func TestImportOtherScale(t *testing.T) {
	store := newFake()
	store.ratings[[2]string{"u", "m"}] = catalog.Rating{User: "u", Movie: "m", Value: 3}
	_, err := movielens.Import(t.Context(), store, folder(t, small()), movielens.Options{})
	if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "1..5/1") || !strings.Contains(err.Error(), "0.5..5/0.5") {
		t.Errorf("error is %v, want ErrInvalid with both scales", err)
	}
	if len(store.movies) > 0 || store.scale != catalog.Scale5 {
		t.Errorf("%d movies, scale %v, want nothing changed", len(store.movies), store.scale)
	}
}

func TestImportFaults(t *testing.T) {
	without := func(name string) map[string]string {
		files := small()
		delete(files, name)
		return files
	}
	with := func(name, text string) map[string]string {
		files := small()
		files[name] = text
		return files
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		opts  movielens.Options
		want  string
	}{
		{"no movies", without("movies.csv"), movielens.Options{}, "none of movies.csv"},
		{"no ratings", without("ratings.csv"), movielens.Options{}, "no ratings.csv"},
		{"empty movies", with("movies.csv", ""), movielens.Options{}, "movies.csv: the file is empty"},
		{"empty ratings", with("ratings.csv", ""), movielens.Options{}, "ratings.csv: the file is empty"},
		{"missing column", with("ratings.csv", "userId,movieId,rating\n"), movielens.Options{}, "no timestamp"},
		{"keywords", small(), movielens.Options{Keywords: -1}, "keywords is -1"},
	} {
		_, err := movielens.Import(t.Context(), newFake(), folder(t, c.files), c.opts)
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: error is %v, want ErrInvalid with %q", c.name, err, c.want)
		}
	}
	dir := folder(t, small())
	if _, err := movielens.Import(t.Context(), newFake(), filepath.Join(dir, "movies.csv"), movielens.Options{}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a file for a folder: %v, want ErrInvalid", err)
	}
	if _, err := movielens.Import(t.Context(), newFake(), filepath.Join(dir, "none"), movielens.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v, want ErrNotExist", err)
	}
	store := newFake()
	if _, err := movielens.Import(t.Context(), store, dir, movielens.Options{Metadata: "none.jsonl"}); !errors.Is(err, os.ErrNotExist) || len(store.movies) > 0 {
		t.Errorf("no metadata: %v and %d movies, want ErrNotExist before anything changes", err, len(store.movies))
	}
	store.fail = catalog.ErrInvalid // of the store, so not a row's
	if report, err := movielens.Import(t.Context(), store, dir, movielens.Options{}); !errors.Is(err, catalog.ErrInvalid) || report.Refused > 0 {
		t.Errorf("store that fails: %v, %+v, want its error and no row refused", err, report)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := movielens.Import(ended, newFake(), dir, movielens.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context that ended: %v, want Canceled", err)
	}
}

// Ratings stream through in batches, and progress ends at the size of all files.
func TestImportBatches(t *testing.T) {
	files := small()
	var b strings.Builder
	b.WriteString("userId,movieId,rating,timestamp\n")
	for i := range 12_000 {
		fmt.Fprintf(&b, "%d,1,4.0,964982703\n", i+1)
	}
	files["ratings.csv"] = b.String()
	delete(files, "meta.jsonl")
	size := int64(0)
	for _, text := range files {
		size += int64(len(text))
	}
	var done []int64
	store := newFake()
	load(t, store, folder(t, files), movielens.Options{Progress: func(d, total int64) {
		if total != size {
			t.Fatalf("total is %d, want %d", total, size)
		}
		done = append(done, d)
	}})
	if len(store.ratings) != 12_000 || store.largest > 5000 {
		t.Errorf("%d ratings, at most %d a call, want 12000 and 5000", len(store.ratings), store.largest)
	}
	if !slices.IsSorted(done) || done[len(done)-1] != size {
		t.Errorf("progress was %v, want it to rise to %d", done, size)
	}
}

// Whatever stands in the ratings, only ratings on the scale go in.
func FuzzImportRatings(f *testing.F) {
	f.Add("1,1,4.5,964982703\n1,1,4,964982704\n")
	f.Add("\"1\"\"\n,,,\n1,1,1e0,9223372036854775807\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := small()
		files["ratings.csv"] = "userId,movieId,rating,timestamp\n" + text
		store := newFake()
		load(t, store, folder(t, files), movielens.Options{})
		for _, r := range store.ratings {
			if err := catalog.ScaleMovieLens.Check(r.Value); err != nil {
				t.Error(err)
			}
			if r.At.Year() < 1970 || r.At.Year() > 2200 {
				t.Errorf("a rating of the year %d", r.At.Year())
			}
		}
	})
}
