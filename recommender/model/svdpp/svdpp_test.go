package svdpp_test

import (
	"encoding/json"
	"math"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svdpp"
)

func quiet(string, int, int) {}

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: svdpp.Kind(), Settings: json.RawMessage(`{"factors":8,"epochs":20}`), Ratings: true, Near: 0.002})
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

// Movies that only people without a rating watched taught nothing: who watched
// them, in the training or when asking, is as one of whom nothing is known.
func TestWatchesOfNonRaters(t *testing.T) {
	d := nonRaters()
	c := svdpp.DefaultConfig()
	c.Factors, c.Epochs = 6, 10
	m, people, err := svdpp.TrainPeople(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	nobody, watcher := make([]float32, m.Len()), make([]float32, m.Len())
	m.Score(model.Query{}, nobody)
	var seen []model.Seen
	for movie := uint32(1); int(movie) < m.Len(); movie += 2 {
		seen = append(seen, model.Seen{Movie: movie, Days: 1})
	}
	if basis := m.Score(model.Query{Seen: seen}, watcher); basis != model.Everyone {
		t.Errorf("basis %d, want Everyone", basis)
	}
	for i := range nobody {
		if math.Float32bits(nobody[i]) != math.Float32bits(watcher[i]) {
			t.Fatalf("movie %d scores %v, without the history %v", i, watcher[i], nobody[i])
		}
	}
	two := make([]float32, 2)
	people.Predict(len(d.Users)-2, []uint32{0}, two[:1])
	people.Predict(len(d.Users)-1, []uint32{0}, two[1:])
	if two[0] != two[1] {
		t.Errorf("two people who rated nothing are predicted to give %v and %v", two[0], two[1])
	}
}

// nonRaters is a world whose second half of the people rate nothing, and watch
// movies of odd rows where the others watch those of even ones.
func nonRaters() *model.Data {
	d := modeltest.World(3, 100, 60)
	out := &model.Data{Scale: d.Scale, Movies: d.Movies, Users: d.Users, Starts: []int64{0}}
	for i := range d.Users {
		rates := i < len(d.Users)/2
		for _, s := range d.Of(i) {
			if rates != (s.Movie%2 == 0) {
				continue
			}
			if !rates {
				s.Rated, s.Rating = false, 0
			}
			out.Seen = append(out.Seen, s)
		}
		out.Starts = append(out.Starts, int64(len(out.Seen)))
	}
	return out
}
