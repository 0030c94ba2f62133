package neural

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
)

// large returns people with each watches on average, of movies whose popularity
// falls by a power law.
func large(people, movies, each int) *model.Data {
	rng := rand.New(rand.NewPCG(1, 2))
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, movies), Users: make([]catalog.User, people), Starts: []int64{0}}
	last := make([]int, movies) // the person who watched the movie last, from 1 on
	for u := range people {
		for range 1 + int(rng.ExpFloat64()*float64(each)) {
			m := uint32(math.Pow(rng.Float64(), 2.5) * float64(movies))
			if last[m] == u+1 {
				continue
			}
			last[m] = u + 1
			d.Seen = append(d.Seen, model.Seen{Movie: m, Days: 1})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// BenchmarkEpoch trains on 20,000 people and 27,000 movies; an epoch takes ten times
// as long for ten times as many people.
func BenchmarkEpoch(b *testing.B) {
	d := large(20000, 27000, 55)
	for _, negatives := range []int{0, 1000} {
		b.Run(fmt.Sprintf("people=20000/movies=27000/negatives=%d", negatives), func(b *testing.B) {
			c := DefaultConfig()
			c.Negatives, c.FullLimit, c.BatchSize = negatives, 0, 256
			t := newTrainer(d, c)
			for b.Loop() {
				if err := t.epoch(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(d.Seen))*float64(b.N)/b.Elapsed().Seconds(), "watches/s")
		})
	}
}

// BenchmarkScore asks for one person.
func BenchmarkScore(b *testing.B) {
	for _, width := range []int{64, 100, 128, 200} {
		b.Run(fmt.Sprintf("movies=27000/watched=50/hidden=%d", width), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			m := &Model{w: begin(rng, make([]uint32, 27000), width), scale: catalog.Scale5, known: make([]bool, 27000)}
			q := model.Query{}
			for i := range m.known {
				m.known[i] = true
				if i%540 == 0 {
					q.Seen = append(q.Seen, model.Seen{Movie: uint32(i)})
				}
			}
			m.ready()
			scores := make([]float32, 27000)
			b.ReportAllocs()
			for b.Loop() {
				m.Score(q, scores)
			}
		})
	}
}
