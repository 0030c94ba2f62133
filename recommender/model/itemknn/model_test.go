package itemknn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/itemknn/alike"
	"marquee/recommender/model/modeltest"
)

func quiet(string, int, int) {}

func TestModel(t *testing.T) {
	for _, c := range []struct {
		similarity alike.Measure
		least      float64
	}{{alike.Cosine, 0.22}, {alike.Common, 0.15}, {alike.Pearson, 0.08}, {alike.Baseline, 0.1}} {
		t.Run(string(c.similarity), func(t *testing.T) {
			settings := json.RawMessage(fmt.Sprintf(`{"similarity":%q,"neighbors":50,"shrink":10,"ask_floor":0}`, c.similarity))
			modeltest.Test(t, modeltest.Case{Kind: itemknn.Kind(), Settings: settings, Ratings: c.similarity != alike.Cosine, Least: c.least})
		})
	}
}

// What Ask leaves out is less than the floor for each movie of the history.
func TestAskFloor(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	m := train(t, d, itemknn.DefaultConfig())
	scores, got := make([]float32, m.Len()), make([]float32, m.Len())
	less := 0
	for i := range d.Users {
		q := model.Query{Seen: d.Of(i)}
		m.Score(q, scores)
		modeltest.Asking(m).Score(q, got)
		most := float32(0)
		for _, s := range scores {
			if s > most {
				most = s
			}
		}
		for row, s := range scores {
			if by := s - got[row]; !(by >= -1e-5*most && by <= float32(len(q.Seen))*0.05*most) && s == s {
				t.Fatalf("person %d: movie %d is scored %v when asked for, want %v or little less", i, row, got[row], s)
			} else if by > 0.01*most {
				less++
			}
		}
	}
	if less == 0 {
		t.Error("nothing was left out")
	}
}

// few returns ratings, people by movies; 0 is none.
func few(rows ...[]float32) *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0}}
	for i := range rows[0] {
		d.Movies = append(d.Movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint("m", i))})
	}
	for i, row := range rows {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(fmt.Sprint("u", i))})
		for m, r := range row {
			if r > 0 {
				d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), At: -int64(m), Rated: true, Rating: r})
			}
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// plain compares watches alone and lets all of a history speak alike.
func plain() itemknn.Config {
	c := itemknn.DefaultConfig()
	c.Shrink, c.Asymmetry, c.Activity, c.Liking, c.Preference, c.Recency, c.Sharpness, c.History = 0, 0.5, 0, 0, 0, 0, 1, 0
	return c
}

func train(t testing.TB, d *model.Data, c itemknn.Config) *itemknn.Model {
	t.Helper()
	m, err := itemknn.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantClose(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-5) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Movies 0, 1 and 2 were watched by 2, 3 and 2 of 4 people, 0 and 1 by both of
// the former, 1 and 2 by one.
var watched = [][]float32{{5, 4, 0, 0}, {4, 2, 0, 0}, {0, 5, 1, 0}, {0, 0, 3, 0}}

func TestScoreByHand(t *testing.T) {
	d := few(watched...)
	c := plain()
	c.Shrink = 2
	scores := make([]float32, 4)
	q := model.Query{Seen: []model.Seen{{Movie: 1, Rated: true, Rating: 5}, {Movie: 0, Rated: true, Rating: 1}}}
	if b := train(t, d, c).Score(q, scores); b != model.Personal {
		t.Errorf("basis %d, want personal", b)
	}
	to0, to2 := 2/math.Sqrt(6)*2/4, 1/math.Sqrt(6)*1/3
	wantClose(t, "movie 0", float64(scores[0]), to0)
	wantClose(t, "movie 1", float64(scores[1]), to0)
	wantClose(t, "movie 2", float64(scores[2]), to2)
	if scores[3] == scores[3] {
		t.Errorf("movie 3, which nobody watched, scores %v", scores[3])
	}
	c.Preference, c.Recency = 1, 1
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 1 by an older watch rated 1 of 5", float64(scores[1]), to0*0.2*0.5)
	c.Sharpness = 2
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 2, sharpened", float64(scores[2]), to2*to2)
}

// Of a long history, what has faded to nothing is left out: no score is so small
// that processors take long over it. Movies without neighbours do not keep what is
// older from being heard.
func TestFaded(t *testing.T) {
	d := pairs(1000)
	c := plain()
	c.Recency = 5
	m := train(t, d, c)
	var q model.Query
	for i := range uint32(1000) {
		q.Seen = append(q.Seen, model.Seen{Movie: 2 * i})
	}
	scores := make([]float32, m.Len())
	m.Score(q, scores)
	for i := range 1000 {
		switch got := scores[2*i+1]; {
		case i <= 100:
			wantClose(t, fmt.Sprint("log of the score of pair ", i), math.Log2(float64(got)), -float64(i)/5)
		case got != 0 && got < 1e-10:
			t.Fatalf("pair %d scores %v, want 0 or what can count", i, got)
		}
	}
	alone := []model.Seen{}
	for i := range uint32(200) {
		alone = append(alone, model.Seen{Movie: 2000 + i})
	}
	q.Seen = append(alone, q.Seen...)
	if basis := m.Score(q, scores); basis != model.Personal || !(scores[1] > 0) {
		t.Errorf("behind 200 movies without neighbours: basis %d, score %v; want Personal and above 0", basis, scores[1])
	}
}

// pairs returns n pairs of movies, each watched by two people of its own, and
// behind them 200 movies that one person each watched.
func pairs(n int) *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, 2*n+200), Starts: []int64{0}}
	watch := func(movies ...int) {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(fmt.Sprint("u", len(d.Users)))})
		for _, m := range movies {
			d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), At: -int64(m), Days: 1})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	for i := range n {
		watch(2*i, 2*i+1)
		watch(2*i, 2*i+1)
	}
	for i := range 200 {
		watch(2*n + i)
	}
	return d
}

func TestAsymmetryAndActivity(t *testing.T) {
	d := few(watched...)
	c := plain()
	c.Asymmetry = 1
	scores := make([]float32, 4)
	q := model.Query{Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 5}}}
	train(t, d, c).Score(q, scores)
	wantClose(t, "share of those who watched 0 who watched 1", float64(scores[1]), 1)
	c = plain()
	c.Activity = 1 // everyone watched two movies but one, who watched one
	train(t, d, c).Score(model.Query{Seen: []model.Seen{{Movie: 2, Rated: true, Rating: 5}}}, scores)
	wantClose(t, "movie 1 from 2", float64(scores[1]), 0.5/math.Sqrt(1.5*1.5))
}

func TestPredictByHand(t *testing.T) {
	d := few(watched...)
	c := plain()
	m := train(t, d, c)
	ratings := make([]float32, 3)
	q := model.Query{Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 3}, {Movie: 2, Rated: true, Rating: 4}}}
	m.Predict(q, []uint32{1, 3, 99}, ratings)
	a, b := 2/math.Sqrt(6), 1/math.Sqrt(4.*1.5)
	wantClose(t, "rating of movie 1", float64(ratings[0]), 11./3+(a*(3-4.5)+b*(4-2))/(a+b))
	wantClose(t, "rating of a movie that nobody rated", float64(ratings[1]), 24./7)
	wantClose(t, "rating of a movie that is not known", float64(ratings[2]), 24./7)
	c.K = 1
	train(t, d, c).Predict(q, []uint32{1}, ratings[:1])
	wantClose(t, "rating of movie 1 by the nearest alone", float64(ratings[0]), 11./3-1.5)
	m.Predict(model.Query{}, []uint32{1}, ratings[:1])
	wantClose(t, "rating of movie 1 by nobody", float64(ratings[0]), 11./3)
}

// TestSimilaritiesAreExact compares every pair of movies one by one.
func TestSimilaritiesAreExact(t *testing.T) {
	d := modeltest.World(3, 120, 60)
	by := make([]map[int]float64, len(d.Movies)) // movie -> person -> rating
	for i := range by {
		by[i] = map[int]float64{}
	}
	for u := range d.Users {
		for _, s := range d.Of(u) {
			if s.Rated {
				by[s.Movie][u] = float64(s.Rating)
			}
		}
	}
	for _, measure := range []alike.Measure{alike.Common, alike.Pearson} {
		c := plain()
		c.Similarity, c.Neighbors, c.Shrink, c.Least = measure, len(d.Movies), 4, 2
		m := train(t, d, c)
		for i := range d.Movies {
			rows, likes := m.Neighbors(uint32(i))
			got := map[uint32]float32{}
			for k, row := range rows {
				got[row] = likes[k]
				if k > 0 && likes[k] > likes[k-1] {
					t.Fatalf("%s: neighbour %d of movie %d is nearer than the one before", measure, k, i)
				}
			}
			for j := range d.Movies {
				var p alike.Pair
				for u, x := range by[i] {
					if y, both := by[j][u]; both {
						p.Add(x, y)
					}
				}
				want := float32(p.Alike(measure, 4))
				if i == j || p.N < 2 || want <= 0 {
					want = 0
				}
				if math.Abs(float64(got[uint32(j)]-want)) > 1e-6 {
					t.Fatalf("%s: movies %d and %d are alike by %v, want %v", measure, i, j, got[uint32(j)], want)
				}
			}
		}
	}
}

func TestTrainStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := itemknn.Train(ctx, modeltest.World(1, 50, 40), plain(), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

func TestEveryFaultIsTold(t *testing.T) {
	err := itemknn.Config{Similarity: "none", Sharpness: 1, Shrink: math.NaN()}.Validate()
	for _, name := range []string{"similarity", "neighbors", "shrink", "least", "k is"} {
		if err == nil || !errorNames(err, name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	if err := itemknn.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

func errorNames(err error, name string) bool { return strings.Contains(err.Error(), name) }

// TestRealData holds the defaults to what their sweep found, on an inner split.
func TestRealData(t *testing.T) {
	d := modeltest.MovieLens(t)
	older, _ := d.Split(0.2)
	inner, held := older.Split(0.2)
	m := train(t, inner, itemknn.DefaultConfig())
	if got := modeltest.MeanNDCG(m, inner, held, 20); got < 0.16 {
		t.Errorf("NDCG@20 %.4f, want 0.16 or more", got)
	}
}
