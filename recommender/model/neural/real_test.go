package neural_test

import (
	"testing"

	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/neural"
)

// TestMovieLens holds a short training to what such ones reach on the inner split
// of real data; hiding movies at random reaches 0.135 at best.
func TestMovieLens(t *testing.T) {
	d := modeltest.MovieLens(t)
	inner, _ := d.Split(0.2)
	older, held := inner.Split(0.2)
	c := neural.DefaultConfig()
	c.Hidden, c.Epochs, c.Patience, c.FullLimit, c.LearningRate = 64, 12, 0, 0, 0.01
	m, err := neural.Train(t.Context(), older, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := modeltest.MeanNDCG(m, older, held, 20); got < 0.14 {
		t.Errorf("NDCG@20 %.4f, want 0.14 or more", got)
	} else {
		t.Logf("NDCG@20 %.4f", got)
	}
}
