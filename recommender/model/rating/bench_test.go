package rating_test

import (
	"math/rand/v2"
	"testing"

	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/rating"
)

// wide returns a model of 27,000 movies with vectors of 128 dims, and a history
// of n ratings.
func wide(b *testing.B, n int) (*rating.Model, model.Query) {
	d := modeltest.World(1, 500, 27_000)
	rng := rand.New(rand.NewPCG(2, 0))
	d.Dims, d.Vectors = 128, make([]float32, 128*len(d.Movies))
	for i := range d.Vectors {
		d.Vectors[i] = float32(rng.NormFloat64())
	}
	for i := range d.Movies {
		vec.Normalize(d.Vector(uint32(i)))
	}
	q := model.Query{User: d.Users[0]}
	for i := range n {
		q.Seen = append(q.Seen, model.Seen{Movie: uint32(i * 13), Rated: true, Rating: float32(1 + i%5)})
	}
	return train(b, d, rating.DefaultConfig()), q
}

func BenchmarkScore(b *testing.B) {
	for _, bench := range []struct {
		name string
		n    int
	}{{"rated=0", 0}, {"rated=50", 50}, {"rated=2000", 2000}} {
		b.Run("movies=27000/"+bench.name, func(b *testing.B) {
			m, q := wide(b, bench.n)
			scores := make([]float32, m.Len())
			b.ReportAllocs()
			for b.Loop() {
				m.Score(q, scores)
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	m, q := wide(b, 50)
	movies, ratings := make([]uint32, 100), make([]float32, 100)
	for i := range movies {
		movies[i] = uint32(i * 17)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Predict(q, movies, ratings)
	}
}

// BenchmarkTrain trains on real ratings: 21,911 of the stream, 100,836 of
// MovieLens, where vectors are left out.
func BenchmarkTrain(b *testing.B) {
	for _, bench := range []struct {
		name string
		data func(b *testing.B) *model.Data
	}{
		{"data=stream", func(b *testing.B) *model.Data { return course(b, true) }},
		{"data=ml-latest-small", func(b *testing.B) *model.Data { return modeltest.MovieLens(b) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			d := bench.data(b)
			for b.Loop() {
				train(b, d, rating.DefaultConfig())
			}
		})
	}
}
