package svdpp_test

import (
	"encoding/json"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svdpp"
)

func quiet(string, int, int) {}

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: svdpp.Kind(), Settings: json.RawMessage(`{"factors":8,"epochs":20}`), Ratings: true})
}

// What was watched without a rating is personal, and moves the scores.
func TestWatchesCount(t *testing.T) {
	d := modeltest.World(3, 100, 60)
	c := svdpp.DefaultConfig()
	c.Factors, c.Epochs = 6, 20
	m, err := svdpp.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	nobody, watcher := make([]float32, m.Len()), make([]float32, m.Len())
	if basis := m.Score(model.Query{}, nobody); basis != model.Everyone {
		t.Errorf("no history: basis %d, want Everyone", basis)
	}
	if basis := m.Score(model.Query{Seen: []model.Seen{{Movie: 0, Days: 1}}}, watcher); basis != model.Personal {
		t.Errorf("one watched movie: basis %d, want Personal", basis)
	}
	if nobody[1] == watcher[1] {
		t.Errorf("movie 1 scores %v with and without a watched movie", nobody[1])
	}
	unknown := model.Query{Seen: []model.Seen{{Movie: uint32(m.Len() - 1), Days: 1}}}
	if basis := m.Score(unknown, watcher); basis != model.Everyone {
		t.Errorf("a watched movie that nobody else saw: basis %d, want Everyone", basis)
	}
}
