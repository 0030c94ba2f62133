package modeltest

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
)

// MovieLens returns the real ml-latest-small of the folder that MARQUEE_DATA
// names, with titles, years, genres, casts and plots, and without vectors. It
// skips the test or benchmark where there is none.
func MovieLens(t testing.TB) *model.Data {
	t.Helper()
	dir := os.Getenv("MARQUEE_DATA")
	if _, err := os.Stat(filepath.Join(dir, "ml-latest-small", "ratings.csv")); dir == "" || err != nil {
		t.Skip("no real data: MARQUEE_DATA names no folder that holds ml-latest-small")
	}
	movies := facts(t, filepath.Join(dir, "ml-latest-small-metadata.jsonl.gz"))
	seen := ratings(t, filepath.Join(dir, "ml-latest-small", "ratings.csv"))
	d, err := model.NewData(catalog.ScaleMovieLens, movies, nil, 0, func(func(catalog.User, error) bool) {}, func(yield func(catalog.UserSeen, error) bool) {
		for _, s := range seen {
			if !yield(s, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func facts(t testing.TB, path string) []catalog.Movie {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var movies []catalog.Movie
	dec := json.NewDecoder(bufio.NewReader(z))
	for {
		var r struct {
			MovieID  any `json:"movieId"`
			Title    string
			Year     int
			Genres   []string
			Cast     []string
			Overview string
		}
		err := dec.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		id, _ := r.MovieID.(string)
		if n, ok := r.MovieID.(float64); ok {
			id = strconv.Itoa(int(n))
		}
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(id), Title: r.Title, Year: r.Year, Genres: r.Genres, People: r.Cast, Overview: r.Overview})
	}
	slices.SortFunc(movies, func(a, b catalog.Movie) int { return cmp.Compare(a.ID, b.ID) })
	return movies
}

func ratings(t testing.TB, path string) []catalog.UserSeen {
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
	var out []catalog.UserSeen
	for _, r := range rows[1:] {
		rating, err := strconv.ParseFloat(r[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		at, err := strconv.ParseInt(r[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, catalog.UserSeen{User: catalog.UserID(r[0]), Seen: catalog.Seen{Movie: catalog.MovieID(r[1]), At: time.Unix(at, 0).UTC(), Rated: true, Rating: rating}})
	}
	return out
}
