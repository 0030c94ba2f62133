package itemknn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn"
)

// crowd returns people with a long tail of history lengths, mean 50, who watch a
// long tail of movies.
func crowd(people, movies int) *model.Data {
	rng := rand.New(rand.NewPCG(7, 7))
	d := &model.Data{Scale: catalog.ScaleMovieLens, Movies: make([]catalog.Movie, movies), Users: make([]catalog.User, people), Starts: []int64{0}}
	seen := make([]int, movies)
	for u := range people {
		n := int(min(2000, 10-40*math.Log(1-rng.Float64())))
		for range n {
			m := int(float64(movies) * math.Pow(rng.Float64(), 3))
			if seen[m] == u+1 {
				continue
			}
			seen[m] = u + 1
			d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), Rated: true, Rating: float32(1 + rng.IntN(5)), At: rng.Int64N(1e15)})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// BenchmarkTrain reports the heap that stays, the data aside.
func BenchmarkTrain(b *testing.B) {
	for _, people := range []int{2_000, 20_000} {
		b.Run(fmt.Sprintf("people=%d/movies=27000", people), func(b *testing.B) {
			d := crowd(people, 27_000)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var m *itemknn.Model
			for b.Loop() {
				m = train(b, d, itemknn.DefaultConfig())
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(len(d.Seen)), "rows")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-kept")
			runtime.KeepAlive(m)
		})
	}
}

func BenchmarkScore(b *testing.B) {
	d := crowd(5_000, 27_000)
	m := train(b, d, itemknn.DefaultConfig())
	scores := make([]float32, m.Len())
	for _, watched := range []int{50, 5000} {
		q := model.Query{Seen: crowd(200, 27_000).Seen[:watched]}
		b.Run(fmt.Sprintf("movies=27000/watched=%d", watched), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Score(q, scores)
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	d := crowd(5_000, 27_000)
	m := train(b, d, itemknn.DefaultConfig())
	movies, ratings := make([]uint32, 300), make([]float32, 300)
	for i := range movies {
		movies[i] = uint32(i * 90)
	}
	q := model.Query{Seen: crowd(50, 27_000).Seen[:50]}
	b.Run("movies=300/watched=50", func(b *testing.B) {
		for b.Loop() {
			m.Predict(q, movies, ratings)
		}
	})
}
