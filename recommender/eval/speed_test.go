package eval_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// Twelve models, the size of ml-latest-small, everything switched on: what Run
// takes beside the models' own time.
func BenchmarkRun(b *testing.B) {
	const users, movies, models, dims = 610, 9742, 12, 384
	r := rand.New(rand.NewPCG(1, 1))
	ids := make([]catalog.MovieID, movies)
	genres := make([][]string, movies)
	for i := range ids {
		ids[i] = catalog.MovieID(fmt.Sprintf("m%05d", i))
		for range 1 + r.IntN(3) {
			genres[i] = append(genres[i], fmt.Sprintf("g%02d", r.IntN(19)))
		}
	}
	d, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for u := range users {
			for i := range 165 {
				s := catalog.Seen{Movie: ids[int(movies*r.Float64()*r.Float64())], At: day0.Add(-time.Duration(i) * time.Minute), Rating: float64(1 + r.IntN(5)), Rated: true}
				if !yield(catalog.UserSeen{User: catalog.UserID(fmt.Sprint(u)), Seen: s}, nil) {
					return
				}
			}
		}
	}, ids)
	if err != nil {
		b.Fatal(err)
	}
	split, err := eval.LastShare(d, 0.2)
	if err != nil {
		b.Fatal(err)
	}
	vectors := make([]float32, movies*dims)
	for i := range vectors {
		vectors[i] = float32(r.NormFloat64())
	}
	cfg := eval.DefaultConfig()
	cfg.Baseline, cfg.Curve = "model 0", eval.CurveKs(20)
	cfg.Facts = eval.Facts{
		Genres: genres,
		User: func(u catalog.UserID) catalog.User {
			return catalog.User{Age: 15 + 10*(len(u)+int(u[0])%6), Gender: string(u[0] % 2), Occupation: string(u[len(u)-1])}
		},
		Similarity: func(x, y uint32) float64 {
			var sum float32
			a, c := vectors[int(x)*dims:][:dims], vectors[int(y)*dims:][:dims]
			for i, v := range a {
				sum += v * c[i]
			}
			return float64(sum) / dims
		},
	}
	var all []eval.Model
	for m := range models {
		base := eval.Random(split.Train, uint64(m))
		byUser := map[catalog.UserID][]uint32{}
		for _, u := range split.Train.Users {
			list, err := base.List(b.Context(), u.User, u.Seen, 20)
			if err != nil {
				b.Fatal(err)
			}
			byUser[u.User] = list
		}
		all = append(all, eval.Model{
			Name: fmt.Sprintf("model %d", m),
			Explain: func(_ context.Context, u catalog.UserID, _ []eval.Seen, n int) (eval.Listing, error) {
				sources := make([]string, n)
				for i := range sources {
					sources[i] = []string{"als", "content", "popular"}[i%3]
				}
				return eval.Listing{Rows: byUser[u], Personal: true, Sources: sources}, nil
			},
			Rate: func(_ context.Context, _ catalog.UserID, _ []eval.Seen, _ []uint32, ratings []float32) error {
				for i := range ratings {
					ratings[i] = 3 + float32(m)/20
				}
				return nil
			},
		})
	}
	for b.Loop() {
		if _, err := eval.Run(b.Context(), split, all, cfg); err != nil {
			b.Fatal(err)
		}
	}
}
