package userknn_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/userknn"
)

func quiet(string, int, int) {}

func TestModel(t *testing.T) {
	for _, c := range []struct {
		similarity alike.Measure
		least      float64
	}{{alike.Cosine, 0.22}, {alike.Common, 0.1}, {alike.Pearson, 0.1}, {alike.Baseline, 0.1}} {
		t.Run(string(c.similarity), func(t *testing.T) {
			settings := json.RawMessage(fmt.Sprintf(`{"similarity":%q,"group_people":5,"cell_people":2,"k":50,"ask_history":0,"ask_people":0,"ask_spoken":0}`, c.similarity))
			modeltest.Test(t, modeltest.Case{Kind: userknn.Kind(), Settings: settings, Ratings: c.similarity != alike.Cosine, Least: c.least})
		})
	}
}

// People who are met in one word each, by as many movies as it counts.
func TestModelOfFewMovies(t *testing.T) {
	settings := json.RawMessage(`{"group_people":5,"cell_people":2,"k":50,"people":0,"history":31,"ask_history":31,"ask_people":0,"ask_spoken":0}`)
	modeltest.Test(t, modeltest.Case{Kind: userknn.Kind(), Settings: settings, Least: 0.22})
}

// The scores of chosen movies are those that Score gives with as few movies and people.
func TestAskLimits(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	c := userknn.DefaultConfig()
	c.AskHistory, c.AskPeople, c.AskSpoken = 3, 20, 0
	m := train(t, d, c)
	c.History, c.People = 3, 20
	want := train(t, d, c)
	x, y := make([]float32, m.Len()), make([]float32, m.Len())
	for i := range d.Users {
		q := model.Query{User: d.Users[i], Seen: d.Of(i)}
		if a, b := modeltest.Asking(m).Score(q, x), want.Score(q, y); a != b {
			t.Fatalf("person %d: basis %d, want %d", i, a, b)
		}
		for row, v := range y {
			if !(math.Abs(float64(x[row]-v)) <= 1e-5*(1+math.Abs(float64(v))) || v != v && x[row] != x[row]) {
				t.Fatalf("person %d: movie %d is scored %v, want %v", i, row, x[row], v)
			}
		}
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

// plain compares watches alone and lets all movies and people speak alike.
func plain() userknn.Config {
	c := userknn.DefaultConfig()
	c.Shrink, c.Liking, c.Preference, c.Sharpness, c.Recency = 0, 0, 0, 1, 0
	c.History, c.People, c.Least, c.LeastRated = 0, 0, 1, 1
	return c
}

func train(t testing.TB, d *model.Data, c userknn.Config) *userknn.Model {
	t.Helper()
	m, err := userknn.Train(t.Context(), d, c, quiet)
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

func rated(rows ...float32) model.Query {
	var q model.Query
	for i := 0; i < len(rows); i += 2 {
		q.Seen = append(q.Seen, model.Seen{Movie: uint32(rows[i]), Rated: true, Rating: rows[i+1]})
	}
	return q
}

var people = [][]float32{{5, 4, 3, 0, 0}, {1, 0, 0, 5, 0}, {0, 0, 0, 2, 0}}

func TestScoreByHand(t *testing.T) {
	d := few(people...)
	scores := make([]float32, 5)
	q := rated(0, 5, 1, 5)
	c := plain()
	if b := train(t, d, c).Score(q, scores); b != model.Personal {
		t.Errorf("basis %d, want personal", b)
	}
	first, second := 2/math.Sqrt(2*3), 1/math.Sqrt(2*2)
	wantClose(t, "movie 2, of the first", float64(scores[2]), first)
	wantClose(t, "movie 3, of the second", float64(scores[3]), second)
	wantClose(t, "movie 0, of both", float64(scores[0]), first+second)
	if scores[4] == scores[4] {
		t.Errorf("movie 4, which nobody watched, scores %v", scores[4])
	}
	c.Shrink, c.Preference = 2, 1
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 2, shrunk and liked by 3 of 5", float64(scores[2]), first*2/4*3/5)
	c = plain()
	c.K, c.Sharpness = 1, 2
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 2, sharpened", float64(scores[2]), first*first)
	wantClose(t, "movie 3, of nobody near", float64(scores[3]), 0)
	c = plain()
	c.Recency = 1
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 3, with the second watch worth half", float64(scores[3]), 1/math.Sqrt(1.25*2))
	c.Recency, c.History = 0, 1
	train(t, d, c).Score(q, scores)
	wantClose(t, "movie 3, by the newest movie alone", float64(scores[3]), 1/math.Sqrt(2))
}

func TestPredictByHand(t *testing.T) {
	d := few(people...)
	c := plain()
	c.Similarity = alike.Common
	m := train(t, d, c)
	ratings := make([]float32, 3)
	m.Predict(rated(0, 2, 1, 4), []uint32{2, 3, 4}, ratings)
	wantClose(t, "rating of movie 2", float64(ratings[0]), 3+(3-4))
	wantClose(t, "rating of movie 3", float64(ratings[1]), 3+(5-3))
	wantClose(t, "rating of a movie that nobody rated", float64(ratings[2]), 20./6)
	c.LeastRated = 3
	train(t, d, c).Predict(rated(0, 2, 1, 4), []uint32{3}, ratings[:1])
	wantClose(t, "rating of movie 3, of two raters, for a thin history", float64(ratings[0]), 20./6)
}

// TestAgainstAll holds scores against people compared one by one.
func TestAgainstAll(t *testing.T) {
	d := modeltest.World(5, 150, 80)
	c := plain()
	c.K, c.Shrink, c.Liking, c.Preference = 10, 3, 1, 1
	m := train(t, d, c)
	scores := make([]float32, m.Len())
	like := func(s model.Seen) float64 { return float64(model.PackPreference(s.Preference(d.Scale))) / 50 }
	for i := range 20 {
		mine := map[uint32]float64{}
		own := 0.0
		for _, s := range d.Of(i) {
			mine[s.Movie] = like(s)
			own += like(s) * like(s)
		}
		type near struct {
			person int
			alike  float64
		}
		var all []near
		for j := range d.Users {
			sum, square, n := 0.0, 0.0, 0.0
			for _, s := range d.Of(j) {
				square += like(s) * like(s)
				if x, both := mine[s.Movie]; both {
					sum += x * like(s)
					n++
				}
			}
			if n > 0 {
				all = append(all, near{j, sum / math.Sqrt(own*square) * n / (n + 3)})
			}
		}
		slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(b.alike, a.alike) })
		want := make([]float64, m.Len())
		for _, n := range all[:10] {
			for _, s := range d.Of(n.person) {
				want[s.Movie] += n.alike * like(s)
			}
		}
		m.Score(model.Query{Seen: d.Of(i)}, scores)
		for row, s := range scores {
			if s == s && math.Abs(float64(s)-want[row]) > 1e-4 {
				t.Fatalf("person %d, movie %d: %v, want %v", i, row, s, want[row])
			}
		}
	}
}

// TestThinHistories wants the group of those who watched little, everyone for
// those of whom nothing is known, and the same where a history is like nobody's.
func TestThinHistories(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	c := plain()
	c.Least, c.GroupPeople, c.CellPeople = 3, 10, 2
	m := train(t, d, c)
	scores := make([]float32, m.Len())
	u := d.Users[0]
	cold := model.Seen{Movie: uint32(m.Len() - 1), Days: 1}
	for _, q := range []struct {
		name string
		q    model.Query
		want model.Basis
	}{
		{"enough", model.Query{User: u, Seen: d.Of(0)[:3]}, model.Personal},
		{"thin", model.Query{User: u, Seen: d.Of(0)[:2]}, model.Group},
		{"nobody", model.Query{Seen: d.Of(0)[:2]}, model.Everyone},
		{"alone", model.Query{Seen: []model.Seen{cold, {Movie: cold.Movie - 1}, {Movie: cold.Movie - 2}}}, model.Everyone},
		{"later movies", model.Query{User: u, Seen: []model.Seen{{Movie: 1 << 30}, {Movie: 1 << 29}, {Movie: 1 << 28}}}, model.Group},
	} {
		if got := m.Score(q.q, scores); got != q.want {
			t.Errorf("%s: basis %d, want %d", q.name, got, q.want)
		}
	}
}

// TestForgotten reads a model with the histories of fewer people.
func TestForgotten(t *testing.T) {
	d := few(people...)
	var buf strings.Builder
	if _, err := train(t, d, plain()).WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	base := &model.Base{Scale: d.Scale, Movies: len(d.Movies), Histories: few(people[1:]...).Histories()}
	m, err := userknn.Read([]byte(buf.String()), base)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, m.Len())
	m.Score(rated(0, 5), scores)
	if s := scores[2]; s == s {
		t.Errorf("a movie that only the forgotten one watched scores %v", s)
	}
	for name, spoil := range map[string]func(h *model.Histories){
		"row":    func(h *model.Histories) { h.Rows[0] = 99 },
		"starts": func(h *model.Histories) { h.Starts[1] = 1 << 31 },
		"lost":   func(h *model.Histories) { h.Preferences = h.Preferences[1:] },
		"nobody": func(h *model.Histories) { h.Starts = nil },
	} {
		h := few(people...).Histories()
		spoil(&h)
		base.Histories = h
		if _, err := userknn.Read([]byte(buf.String()), base); !errors.Is(err, column.ErrBroken) {
			t.Errorf("%s: error %v, want broken", name, err)
		}
	}
	base.Histories = model.Histories{}
	if m, err = userknn.Read([]byte(buf.String()), base); err != nil {
		t.Fatal(err)
	}
	if got := m.Score(rated(0, 5), scores); got != model.Everyone {
		t.Errorf("basis %d when all are forgotten, want everyone", got)
	}
}

// TestFewMet wants lists of a bounded request to be nearly those of an unbounded
// one, on the same people.
func TestFewMet(t *testing.T) {
	d := modeltest.World(1, 1500, 200)
	older, held := d.Split(0.2)
	c := userknn.DefaultConfig()
	c.People = 0
	all := modeltest.MeanNDCG(train(t, older, c), older, held, 10)
	c.People = 60 // of up to 500
	few := modeltest.MeanNDCG(train(t, older, c), older, held, 10)
	if few < 0.85*all {
		t.Errorf("NDCG@10 %.3f of those met, %.3f of all", few, all)
	}
}

func TestTrainStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := userknn.Train(ctx, modeltest.World(1, 50, 40), plain(), quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
}

func TestEveryFaultIsTold(t *testing.T) {
	err := userknn.Config{Similarity: "none", Sharpness: 1, Shrink: math.NaN()}.Validate()
	for _, name := range []string{"similarity", "k is", "shrink", "least", "least_rated", "group_people"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	if err := userknn.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

// TestRealData holds the defaults to what their sweep found, on an inner split.
func TestRealData(t *testing.T) {
	d := modeltest.MovieLens(t)
	older, _ := d.Split(0.2)
	inner, held := older.Split(0.2)
	m := train(t, inner, userknn.DefaultConfig())
	if got := modeltest.MeanNDCG(m, inner, held, 20); got < 0.155 {
		t.Errorf("NDCG@20 %.4f, want 0.155 or more", got)
	}
}

// TestHalfStars wants the very ratings back that histories hold in tenths of 1 to
// 5, where 3.5 of 0.5 to 5 is 3.666...
func TestHalfStars(t *testing.T) {
	d := few([]float32{4.5, 3.5, 0.5}, []float32{2, 1.5, 5})
	d.Scale = catalog.ScaleMovieLens
	ratings := make([]float32, 1)
	train(t, d, plain()).Predict(rated(0, 4.5), []uint32{2}, ratings)
	first, second := 1/math.Sqrt(3), 1/math.Sqrt(3)
	means := [2]float64{8.5 / 3, 8.5 / 3}
	wantClose(t, "rating", float64(ratings[0]), 4.5+(first*(0.5-means[0])+second*(5-means[1]))/(first+second))
	d.Seen[0].Rating = 4 // moves the first mean alone
	train(t, d, plain()).Predict(rated(0, 3.5), []uint32{2}, ratings)
	wantClose(t, "rating", float64(ratings[0]), 3.5+((0.5-8./3)+(5-8.5/3))/2)
}

// TestRequestsDoNotMix asks for another person in between.
func TestRequestsDoNotMix(t *testing.T) {
	m := train(t, few(people...), plain())
	ratings := make([]float32, 1)
	for range 3 {
		m.Predict(rated(1, 4), []uint32{3}, ratings)
		wantClose(t, "rating of a movie that nobody alike watched", float64(ratings[0]), 4)
		m.Predict(rated(0, 4), []uint32{3}, ratings)
	}
}
