package rating_test

import (
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/recommender/model"
)

// course returns the real ratings of the stream of December 2024 with the facts
// of those movies and people that have some and, if asked for, with vectors
// fitted on the movies' texts. One rating of 15 is left out. It skips the test or
// benchmark where there are none.
func course(t testing.TB, vectors bool) *model.Data {
	t.Helper()
	return courseOf(t, table(t, filepath.Join(courseDir(t), "ratings.csv")), vectors)
}

// courseLog returns those of October 2024, of which there are raw lines alone.
func courseLog(t testing.TB, vectors bool) *model.Data {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(courseDir(t), "ratings.log"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ",")
		user, rest, _ := strings.Cut(rest, ",GET /rate/")
		id, rating, found := strings.Cut(rest, "=")
		if !found {
			t.Fatalf("line %q is no rating", line)
		}
		year := id[strings.LastIndexByte(id, '+')+1:]
		title := strings.ReplaceAll(strings.TrimSuffix(id, "+"+year), "+", " ")
		rows = append(rows, map[string]string{"user_id": user, "movie_id": id, "movie_title": title, "year": year, "rating": rating})
	}
	return courseOf(t, rows, vectors)
}

func courseDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(os.Getenv("MARQUEE_DATA"), "course-sample", "2024")
	if _, err := os.Stat(filepath.Join(dir, "ratings.csv")); os.Getenv("MARQUEE_DATA") == "" || err != nil {
		t.Skip("no real data: MARQUEE_DATA names no folder that holds course-sample/2024")
	}
	return dir
}

// courseOf returns data of rows; a person's rows are in the order of the file.
func courseOf(t testing.TB, rows []map[string]string, vectors bool) *model.Data {
	t.Helper()
	dir := courseDir(t)
	movies := courseMovies(t, dir, rows)
	var seen []catalog.UserSeen
	have := map[[2]string]bool{}
	for i, r := range slices.Backward(rows) { // the last rating counts
		value, key := number(t, r["rating"]), [2]string{r["user_id"], r["movie_id"]}
		if catalog.Scale5.Check(value) == nil && !have[key] {
			have[key] = true
			seen = append(seen, catalog.UserSeen{User: catalog.UserID(key[0]), Seen: catalog.Seen{Movie: catalog.MovieID(key[1]), At: time.Unix(int64(i), 0), Rated: true, Rating: value}})
		}
	}
	slices.SortStableFunc(seen, func(a, b catalog.UserSeen) int { return cmp.Compare(a.User, b.User) })
	d, err := model.NewData(catalog.Scale5, movies, nil, 0, func(yield func(catalog.User, error) bool) {
		for _, u := range table(t, filepath.Join(dir, "users.csv")) {
			if !yield(catalog.User{ID: catalog.UserID(u["user_id"]), Age: int(number(t, u["age"])), Gender: u["gender"], Occupation: u["occupation"]}, nil) {
				return
			}
		}
	}, func(yield func(catalog.UserSeen, error) bool) {
		for _, s := range seen {
			if !yield(s, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if vectors {
		d.Vectors, d.Dims = vectorsOf(t, movies)
	}
	return d
}

// courseMovies returns the movies that have facts and those that were rated; of
// the latter title and year are known anyway.
func courseMovies(t testing.TB, dir string, rated []map[string]string) []catalog.Movie {
	var movies []catalog.Movie
	have := map[string]bool{}
	for _, r := range table(t, filepath.Join(dir, "movies.csv")) {
		have[r["movie_id"]] = true
		release := known(r["release_date"])
		year, _ := strconv.Atoi(release[:min(4, len(release))])
		movies = append(movies, catalog.Movie{
			ID: catalog.MovieID(r["movie_id"]), Title: r["title"], Year: year, Genres: list(r["genres"]), Overview: known(r["overview"]),
			Language: known(r["original_language"]), RuntimeMinutes: int(number(t, r["runtime"])),
			VoteAverage: number(t, r["vote_average"]), VoteCount: int(number(t, r["vote_count"])), Popularity: number(t, r["popularity"]),
		})
	}
	for _, r := range rated {
		if !have[r["movie_id"]] {
			have[r["movie_id"]] = true
			year, _ := strconv.Atoi(r["year"])
			movies = append(movies, catalog.Movie{ID: catalog.MovieID(r["movie_id"]), Title: r["movie_title"], Year: year})
		}
	}
	slices.SortFunc(movies, func(a, b catalog.Movie) int { return cmp.Compare(a.ID, b.ID) })
	return movies
}

// vectorsOf fits a small space on the movies' texts.
func vectorsOf(t testing.TB, movies []catalog.Movie) (vectors []float32, dims int) {
	t.Helper()
	texts := make([]string, len(movies))
	for i, m := range movies {
		texts[i] = embedder.Document(m)
	}
	cfg := lsa.DefaultConfig()
	cfg.Rank = 128
	space, err := lsa.Fit(t.Context(), texts, cfg, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	dims = space.ID().Dims
	vectors = make([]float32, len(texts)*dims)
	if err := space.Embed(t.Context(), texts, vectors); err != nil {
		t.Fatal(err)
	}
	return vectors, dims
}

// table reads a file of comma-separated values with a header.
func table(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]map[string]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		r := make(map[string]string, len(row))
		for i, name := range rows[0] {
			r[name] = row[i]
		}
		out = append(out, r)
	}
	return out
}

// known returns text, "" for what the files write where they know nothing.
func known(text string) string {
	if text == "null" {
		return ""
	}
	return text
}

func list(text string) []string {
	if text = known(text); text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	if text = known(text); text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
