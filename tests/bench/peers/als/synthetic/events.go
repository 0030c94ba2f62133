// Package synthetic makes large seeded matrices of watched movies, for
// measurements: people differ in how much they watch, movies in how many watch
// them, and both belong to circles, so that there is something to learn.
package synthetic

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/recommender/model/als"
)

// circles is how many circles of taste there are.
const circles = 64

// Events returns a matrix of people by movies with some number of values, 1 to 5,
// for the seed the same on every machine. It is written in place: its peak of
// memory is what it returns, and 16 bytes a person.
func Events(ctx context.Context, people, movies, events int, seed uint64) (*als.Matrix, error) {
	m := &als.Matrix{Columns: movies, Starts: counts(people, movies, events, seed)}
	n := m.Starts[people]
	m.Cols, m.Values = make([]uint32, n), make([]float32, n)
	places := rand.New(rand.NewPCG(seed, 1)).Perm(movies) // popularity has nothing to do with the number of a movie
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			taken := make([]bool, movies)
			for {
				i := int(next.Add(1) - 1)
				if i >= people {
					return nil
				}
				if i%1024 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				low, high := m.Starts[i], m.Starts[i+1]
				watch(m.Cols[low:high], m.Values[low:high], places, taken, rand.New(rand.NewPCG(seed, uint64(i)+2)))
			}
		})
	}
	return m, g.Wait()
}

// counts draws how much each person watches, log-normally, so that it adds up to
// nearly events, and returns where the rows begin.
func counts(people, movies, events int, seed uint64) []int64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	active := make([]float64, people)
	total := 0.0
	for i := range active {
		active[i] = math.Exp(rng.NormFloat64())
		total += active[i]
	}
	starts := make([]int64, people+1)
	for i, a := range active {
		n := math.Round(a / total * float64(events))
		starts[i+1] = starts[i] + int64(min(max(n, 1), float64(max(1, movies/8))))
	}
	return starts
}

// watch fills a row: movies by popularity, falling as rank^-0.8, three in four of
// them from the person's circle.
func watch(cols []uint32, values []float32, places []int, taken []bool, rng *rand.Rand) {
	movies := len(places)
	circle := rng.IntN(circles)
	for i := range cols {
		for {
			rank := int(float64(movies) * math.Pow(rng.Float64(), 5))
			if rng.IntN(4) > 0 {
				rank = rank - rank%circles + circle
			}
			if rank >= movies || taken[places[rank]] {
				continue
			}
			cols[i] = uint32(places[rank])
			taken[places[rank]] = true
			break
		}
	}
	slices.Sort(cols)
	for i, col := range cols {
		taken[col] = false
		values[i] = float32(1 + rng.IntN(5))
	}
}
