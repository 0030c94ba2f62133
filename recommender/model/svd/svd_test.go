package svd_test

import (
	"encoding/json"
	"math"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svd"
)

func quiet(string, int, int) {}

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: svd.Kind(), Settings: json.RawMessage(`{"factors":8,"epochs":20}`), Ratings: true, Near: 0.002})
}

// Watches without a rating change nothing.
func TestRatedRowsAlone(t *testing.T) {
	d := modeltest.World(3, 60, 40)
	c := svd.DefaultConfig()
	c.Factors, c.Epochs = 6, 10
	m, err := svd.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ratings := func(seen []model.Seen) (out []model.Seen) {
		for _, s := range seen {
			if s.Rated {
				out = append(out, s)
			}
		}
		return out
	}
	less := &model.Data{Scale: d.Scale, Movies: d.Movies, Users: d.Users, Starts: []int64{0}}
	for i := range d.Users {
		less.Seen = append(less.Seen, ratings(d.Of(i))...)
		less.Starts = append(less.Starts, int64(len(less.Seen)))
	}
	other, err := svd.Train(t.Context(), less, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	a, b := make([]float32, m.Len()), make([]float32, m.Len())
	for i := range d.Users {
		m.Score(model.Query{Seen: d.Of(i)}, a)
		other.Score(model.Query{Seen: less.Of(i)}, b)
		for row := range a {
			if math.Float32bits(a[row]) != math.Float32bits(b[row]) {
				t.Fatalf("person %d, movie %d: %v with the watches, %v without", i, row, a[row], b[row])
			}
		}
	}
}
