package ease_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/ease"
)

// audience is people who each watch some 100 movies, popular ones more.
func audience(people, movies int) *model.Data {
	r := rand.New(rand.NewPCG(6, 6))
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0}, Users: make([]catalog.User, people), Movies: make([]catalog.Movie, movies)}
	last := make([]int, movies)
	for u := range people {
		for range 20 + r.IntN(160) {
			if m := int(float64(movies) * math.Pow(r.Float64(), 3)); last[m] != u+1 {
				last[m] = u + 1
				d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), Rated: true, Rating: float32(1 + r.IntN(5))})
			}
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// BenchmarkTrain: 50,000 people, 4.5 million watched movies, of which 2,000 to
// 10,000 take part. peak-MB is what the process held at most, data included.
func BenchmarkTrain(b *testing.B) {
	d := audience(50000, 12000)
	for _, movies := range []int{2000, 5000, 10000} {
		b.Run(fmt.Sprintf("movies=%d", movies), func(b *testing.B) {
			c := ease.DefaultConfig()
			c.Movies = movies
			for b.Loop() {
				train(b, d, c)
			}
			b.ReportMetric(peakMB(), "peak-MB")
		})
	}
}

// peakMB is the peak of resident memory, or 0 where the system does not tell.
func peakMB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb := 0.0
	_, _ = fmt.Sscan(rest, &kb)
	return kb / 1024
}

// BenchmarkScore: a catalog of 27,000, of which 10,000 take part.
func BenchmarkScore(b *testing.B) {
	d := audience(2000, 27000)
	for _, keep := range []int{0, 1000} {
		c := ease.DefaultConfig()
		c.Keep = keep
		m := train(b, d, c)
		scores := make([]float32, m.Len())
		for _, watched := range []int{10, 50, 500} {
			seen := make([]model.Seen, 0, watched)
			for i := range watched {
				seen = append(seen, model.Seen{Movie: uint32(i * i % 9973)})
			}
			b.Run(fmt.Sprintf("keep=%d/watched=%d", keep, watched), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					m.Score(model.Query{Seen: seen}, scores)
				}
			})
		}
	}
}
