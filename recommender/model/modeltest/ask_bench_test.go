package modeltest_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/content"
	"marquee/recommender/model/ease"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/neural"
	"marquee/recommender/model/popular"
	"marquee/recommender/model/rating"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/svdpp"
	"marquee/recommender/model/userknn"
)

const (
	benchMovies     = 27_000
	benchDims       = 64
	benchQueries    = 64
	benchWatched    = 20
	benchCandidates = 300
	benchCircles    = 100
)

// crowd returns people who watch a long tail of movies, 50 each, mostly of the circles
// that they like, and rate them.
func crowd(people int) *model.Data {
	rng := rand.New(rand.NewPCG(7, 7))
	d := &model.Data{Scale: catalog.Scale5, Movies: make([]catalog.Movie, benchMovies), Starts: []int64{0}, Dims: benchDims}
	for i := range d.Movies {
		d.Movies[i] = catalog.Movie{ID: catalog.MovieID(rune(i)), Year: 1950 + i%70, Genres: []string{string(rune('a' + i%20))}}
		v := make([]float32, benchDims)
		for j := range v {
			v[j] = float32(rng.NormFloat64() / math.Sqrt(benchDims))
		}
		v[i%benchDims] += 1
		scale := float32(0)
		for _, x := range v {
			scale += x * x
		}
		for j := range v {
			v[j] /= float32(math.Sqrt(float64(scale)))
		}
		d.Vectors = append(d.Vectors, v...)
	}
	last := make([]int, benchMovies)
	for u := range people {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID(rune('a' + u)), Age: 20 + u%50, Gender: []string{"F", "M"}[u%2]})
		for n := 0; n < 50; {
			m := int(benchMovies * math.Pow(rng.Float64(), 3))
			if rng.IntN(4) > 0 { // of one of three circles
				m = m/benchCircles*benchCircles + (u*31+rng.IntN(3)*7)%benchCircles
			}
			if last[m] != u+1 {
				last[m] = u + 1
				n++
				d.Seen = append(d.Seen, model.Seen{Movie: uint32(m), Rated: true, Rating: float32(1 + rng.IntN(5)), At: int64(100 - n), Days: 1})
			}
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

var benchWorld = sync.OnceValues(func() (*model.Data, *model.Base) {
	d := crowd(6000)
	table, err := indexer.Neighbours(context.Background(), d.Vectors, d.Dims, 100, func(int, int) {})
	if err != nil {
		panic(err)
	}
	return d, &model.Base{Scale: d.Scale, Movies: benchMovies, Vectors: d.Vectors, Dims: d.Dims, Histories: d.Histories(), Table: table}
})

// BenchmarkAsk: a history of 20 and 300 candidates of 27,000 movies, 64 people in
// turn; what training takes is left out, and so is its quality.
func BenchmarkAsk(b *testing.B) {
	for _, c := range []struct {
		kind     model.Kind
		settings string
	}{
		{als.Kind(), `{"sweeps":1}`},
		{neural.Kind(), `{"epochs":1,"patience":0}`},
		{svd.Kind(), `{"epochs":2}`},
		{svdpp.Kind(), `{"epochs":2}`},
		{rating.Kind(), `{"sweeps":1}`},
		{itemknn.Kind(), `{}`},
		{content.Kind(), `{}`},
		{content.Kind(), `{"how":"profile"}`},
		{ease.Kind(), `{"movies":5000}`},
		{userknn.Kind(), `{}`},
		{popular.Kind(), `{}`},
	} {
		b.Run("kind="+c.kind.Name, func(b *testing.B) {
			d, base := benchWorld()
			m, err := c.kind.Train(b.Context(), d, base, nil, json.RawMessage(c.settings), func(string, int, int) {})
			if err != nil {
				b.Fatal(err)
			}
			a, ok := m.(model.Asker)
			if !ok {
				b.Skip("no Asker")
			}
			benchmarkAsk(b, a, d)
		})
	}
}

func benchmarkAsk(b *testing.B, a model.Asker, d *model.Data) {
	rng := rand.New(rand.NewPCG(3, 3))
	rows := make([]uint32, benchQueries*benchCandidates)
	for i := range rows {
		rows[i] = uint32(benchMovies * math.Pow(rng.Float64(), 2))
	}
	scores := make([]float32, benchCandidates)
	ask := func(i int) (sum float64) {
		q := model.Query{User: d.Users[i], Seen: d.Of(i)[:benchWatched]}
		asked, basis := a.Ask(q)
		if basis == model.None {
			b.Fatalf("person %d is told nothing", i)
		}
		asked.ScoreRows(rows[i*benchCandidates:(i+1)*benchCandidates], scores)
		sum = asked.Moments().Sum
		asked.Close()
		return sum
	}
	ask(0) // what is made when a model is first asked
	b.ReportAllocs()
	best := time.Hour
	for b.Loop() {
		start := time.Now()
		for i := range benchQueries {
			ask(i)
		}
		best = min(best, time.Since(start))
	}
	// The best turn is what a processor takes that does nothing else.
	b.ReportMetric(float64(best.Nanoseconds())/1e3/benchQueries, "best-us/query")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/benchQueries/float64(b.N), "mean-us/query")
}
