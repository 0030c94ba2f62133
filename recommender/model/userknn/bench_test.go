package userknn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/userknn"
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

// BenchmarkScore asks with 50 movies that the crowd watches as often as others do,
// so that the popular among them have many watchers.
func BenchmarkScore(b *testing.B) {
	d := crowd(200_000, 27_000)
	q := model.Query{Seen: crowd(50, 27_000).Seen[:50]}
	for _, people := range []int{500, 1000, 2000, 5000, 0} {
		c := userknn.DefaultConfig()
		c.People = people
		m := train(b, d, c)
		scores := make([]float32, m.Len())
		b.Run(fmt.Sprintf("people=200000/movies=27000/watched=50/met=%d", people), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Score(q, scores)
			}
		})
	}
}
