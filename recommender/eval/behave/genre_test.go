package behave_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
)

// Movies that everybody watched tell nothing of a taste, and one that hardly anybody
// watched too little; the genre is asked for with those that its friends watched.
func TestGenreIsAskedWithWhatTellsOfIt(t *testing.T) {
	var w behave.World
	var ids []catalog.MovieID
	for i := range 120 {
		genre := "Comedy"
		if i < 40 {
			genre = "Horror"
		}
		ids = append(ids, catalog.MovieID(fmt.Sprintf("m%03d", i)))
		w.Movies = append(w.Movies, catalog.Movie{ID: ids[i], Title: string(ids[i]), Genres: []string{genre}})
	}
	train, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for u := range 90 {
			row := catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("u%02d", u))}
			watch := func(m int) {
				row.Movie, row.At = ids[m], time.Unix(int64(1e9+m), 0)
				yield(row, nil)
			}
			for m := range 10 { // what everybody watched
				watch(m)
			}
			for m := range 20 {
				if u < 30 {
					watch(10 + m)
				} else {
					watch(40 + m)
				}
			}
			if u == 0 {
				watch(30)
			}
		}
	}, ids)
	if err != nil {
		t.Fatal(err)
	}
	w.Train = train
	asked := false
	subject := behave.Subject{Name: "listens", ByHistory: true, ByRecord: true, List: func(_ context.Context, user catalog.User, history []eval.Seen, n int) ([]uint32, error) {
		if user.ID == "nobody" && len(history) == 10 {
			asked = true
			for _, s := range history {
				if s.Movie < 10 || s.Movie >= 30 {
					t.Errorf("movie %d is asked with, want 10 to 29", s.Movie)
				}
			}
		}
		return []uint32{31, 101}, nil
	}}
	result := run(t, w, subject, behave.DefaultConfig())["genre"]
	if !asked || result.Verdict != behave.Passed {
		t.Errorf("asked %v, %+v", asked, result)
	}
}
