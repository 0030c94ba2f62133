package latent_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/svd/latent"
	"marquee/recommender/model/svdpp"
)

// holdOut takes one rating of five out of d, by chance.
func holdOut(d *model.Data, seed uint64) (*model.Data, [][]model.Seen) {
	rng := rand.New(rand.NewPCG(seed, 1))
	train := &model.Data{Scale: d.Scale, Movies: d.Movies, Users: d.Users, Starts: []int64{0}}
	held := make([][]model.Seen, len(d.Users))
	for u := range d.Users {
		for _, s := range d.Of(u) {
			if rng.IntN(5) == 0 {
				held[u] = append(held[u], s)
			} else {
				train.Seen = append(train.Seen, s)
			}
		}
		train.Starts = append(train.Starts, int64(len(train.Seen)))
	}
	return train, held
}

func rmse(held [][]model.Seen, predict func(user int, movies []uint32, ratings []float32)) float64 {
	sum, n := 0.0, 0.0
	for u := range held {
		movies, ratings := make([]uint32, len(held[u])), make([]float32, len(held[u]))
		for i, s := range held[u] {
			movies[i] = s.Movie
		}
		predict(u, movies, ratings)
		for i, s := range held[u] {
			e := float64(ratings[i] - s.Rating)
			sum += e * e
			n++
		}
	}
	return math.Sqrt(sum / n)
}

// The penalty of the fold follows the training, so that even after the defaults of
// scikit-surprise, with their weak reg, people are served better than trained.
func TestMovieLensWeakReg(t *testing.T) {
	d := modeltest.MovieLens(t)
	train, held := holdOut(d, 1)
	c := latent.Config{Factors: 20, Epochs: 20, Rate: 0.005, Reg: 0.02, InitStd: 0.1, Biased: true, FoldBiasReg: 5, Seed: 1}
	m, people, err := latent.Train(t.Context(), train, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	trained := rmse(held, people.Predict)
	served := rmse(held, func(u int, movies []uint32, ratings []float32) {
		m.Predict(model.Query{Seen: train.Of(u)}, movies, ratings)
	})
	t.Logf("RMSE %.4f by fold-in, %.4f by trained factors", served, trained)
	if served > trained {
		t.Errorf("RMSE %.4f by fold-in, %.4f by trained factors", served, trained)
	}
}

// The people who are served, folded in, are predicted as well as those who were
// trained, and both well: biases alone reach 0.871.
func TestMovieLens(t *testing.T) {
	d := modeltest.MovieLens(t)
	train, held := holdOut(d, 1)
	for name, c := range map[string]latent.Config{"svd": svd.DefaultConfig(), "svdpp": svdpp.DefaultConfig()} {
		c.Implicit = name == "svdpp"
		c.Factors, c.Epochs, c.Rate = 32, 20, 0.02 // for the sake of time
		m, people, err := latent.Train(t.Context(), train, c, quiet)
		if err != nil {
			t.Fatal(err)
		}
		trained := rmse(held, people.Predict)
		served := rmse(held, func(u int, movies []uint32, ratings []float32) {
			m.Predict(model.Query{Seen: train.Of(u)}, movies, ratings)
		})
		t.Logf("%s: RMSE %.4f by fold-in, %.4f by trained factors", name, served, trained)
		if served > 0.862 || served > trained+0.001 {
			t.Errorf("%s: RMSE %.4f by fold-in, %.4f by trained factors, want at most 0.862 and no more than trained", name, served, trained)
		}
	}
}

func BenchmarkEpoch(b *testing.B) {
	d := modeltest.MovieLens(b)
	for name, c := range map[string]latent.Config{"svd": svd.DefaultConfig(), "svdpp": svdpp.DefaultConfig()} {
		c.Implicit, c.FoldReg = name == "svdpp", 5 // given, so that it trains once
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := latent.Train(b.Context(), d, c, quiet); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*c.Epochs), "ms/epoch")
		})
	}
}
