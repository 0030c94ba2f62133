package eval_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// readCSV returns the rows of a file of ml-latest-small after the first, or
// skips the test where there is no real data.
func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	dir := os.Getenv("MARQUEE_DATA")
	if dir == "" {
		t.Skip("MARQUEE_DATA is not set; set it to the folder that holds ml-latest-small")
	}
	f, err := os.Open(filepath.Join(dir, "ml-latest-small", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// The baselines on real ratings, as the first table of every evaluation.
func TestBaselinesOfMovieLens(t *testing.T) {
	var movies []catalog.MovieID
	for _, row := range readCSV(t, "movies.csv") {
		movies = append(movies, catalog.MovieID(row[0]))
	}
	ratings := readCSV(t, "ratings.csv")
	d, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for _, row := range ratings {
			value, err := strconv.ParseFloat(row[2], 64)
			at, err2 := strconv.ParseInt(row[3], 10, 64)
			if err != nil || err2 != nil {
				t.Fatalf("row %q: %v, %v", row, err, err2)
			}
			s := catalog.Seen{Movie: catalog.MovieID(row[1]), At: time.Unix(at, 0), Rating: value, Rated: true}
			if !yield(catalog.UserSeen{User: catalog.UserID(row[0]), Seen: s}, nil) {
				return
			}
		}
	}, movies)
	if err != nil {
		t.Fatal(err)
	}
	if d.Interactions() != 100_836 || len(d.Users) != 610 || d.Unknown != 0 || d.Repeated != 0 {
		t.Fatalf("%d interactions of %d users, want 100836 of 610", d.Interactions(), len(d.Users))
	}
	for _, s := range []*eval.Split{mustLastShare(t, d, 0.2), eval.LeaveOneOut(d, 1)} {
		cfg := eval.DefaultConfig()
		cfg.Baseline = "random"
		r := mustRun(t, s, cfg, eval.Popularity(s.Train), eval.Random(s.Train, 1))
		var table bytes.Buffer
		if err := r.WriteTable(&table); err != nil {
			t.Fatal(err)
		}
		t.Log("\n" + table.String())
		c := r.Comparisons[0].Metrics["ndcg@20"]
		if !(c.Low > 0.02) || r.Split.Scored != 610 {
			t.Errorf("popularity is ahead of random by %v on %d users, want more than 0.02 on 610", c.Estimate, r.Split.Scored)
		}
	}
}
