package popular_test

import (
	"encoding/json"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/popular"
)

func TestModel(t *testing.T) {
	for name, settings := range map[string]string{
		"default":    `{"group_people":5,"cell_people":2}`,
		"everyone":   `{"groups":false,"half_life":100,"liking":1}`,
		"big groups": `{"lean":0,"rating_prior":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			least := map[string]float64{"default": 0.15, "everyone": 0.08, "big groups": 0.08}[name]
			modeltest.Test(t, modeltest.Case{Kind: popular.Kind(), Settings: json.RawMessage(settings), Least: least})
		})
	}
}

// TestUnwatchedStandLast: a movie that nobody watched has a score, the least.
func TestUnwatchedStandLast(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	m, err := popular.Train(t.Context(), d, popular.DefaultConfig(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, m.Len())
	m.Score(model.Query{User: d.Users[0]}, scores)
	for row, n := range d.Watchers() {
		if (n == 0) != (scores[row] == 0) || scores[row] < 0 {
			t.Errorf("movie %d, watched by %d, scores %v", row, n, scores[row])
		}
	}
}

// TestGroupsAreOptional: without groups, everyone gets the same.
func TestGroupsAreOptional(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	c := popular.DefaultConfig()
	c.Groups = false
	m, err := popular.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Score(model.Query{User: d.Users[0]}, make([]float32, m.Len())); got != model.Everyone {
		t.Errorf("basis %d, want everyone", got)
	}
}

// TestRealData holds the defaults to what their sweep found, on an inner split.
func TestRealData(t *testing.T) {
	d := modeltest.MovieLens(t)
	older, _ := d.Split(0.2)
	inner, held := older.Split(0.2)
	m, err := popular.Train(t.Context(), inner, popular.DefaultConfig(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := modeltest.MeanNDCG(m, inner, held, 20); got < 0.095 {
		t.Errorf("NDCG@20 %.4f, want 0.095 or more", got)
	}
}

func BenchmarkScore(b *testing.B) {
	d := modeltest.World(1, 2000, 27_000)
	m, err := popular.Train(b.Context(), d, popular.DefaultConfig(), quiet)
	if err != nil {
		b.Fatal(err)
	}
	scores := make([]float32, m.Len())
	b.Run("movies=27000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Score(model.Query{User: d.Users[0]}, scores)
		}
	})
}

func quiet(string, int, int) {}
