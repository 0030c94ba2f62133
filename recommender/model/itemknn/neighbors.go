package itemknn

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
)

// block is the number of movies that one goroutine compares at a time.
const block = 32

// A comparison is all that the neighbours of movies are made from.
type comparison struct {
	c      Config
	people *alike.Sparse // by movies
	movies *alike.Sparse // by people

	// For cosine: 1 over the length of each movie, to the power of its share where it
	// brings neighbours and where it is one.
	brings, brought []float64
}

func newComparison(d *model.Data, c Config) *comparison {
	x := &comparison{c: c, people: entries(d, c)}
	x.movies = x.people.Transposed(len(d.Movies))
	x.brings, x.brought = make([]float64, len(d.Movies)), make([]float64, len(d.Movies))
	for i := range x.brings {
		_, values := x.movies.Row(i)
		square := 0.0
		for _, v := range values {
			square += float64(v) * float64(v)
		}
		if square > 0 {
			x.brings[i], x.brought[i] = math.Pow(square, -c.Asymmetry), math.Pow(square, c.Asymmetry-1)
		}
	}
	return x
}

// all returns the neighbours of every movie, nearest first. A row depends on
// nothing but the data, so it does not matter who makes it.
func (x *comparison) all(ctx context.Context, progress model.Progress) ([][]alike.Near, error) {
	n := len(x.brings)
	lists := make([][]alike.Near, n)
	var next atomic.Int64
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			w := newWorker(x)
			for {
				from := int(next.Add(block)) - block
				if from >= n {
					return nil
				}
				to := min(n, from+block)
				for i := from; i < to; i++ {
					if err := ctx.Err(); err != nil {
						return err
					}
					lists[i] = slices.Clone(w.neighbors(uint32(i)))
				}
				mu.Lock()
				done += to - from
				progress("compare movies", done, n)
				mu.Unlock()
			}
		})
	}
	return lists, g.Wait()
}

// A worker is the memory in which one goroutine compares a movie with all
// others: 16 bytes a movie, 64 for measures over common people.
type worker struct {
	*comparison
	dots    []dot        // for cosine
	pairs   []alike.Pair // for the others
	touched []uint32
	nearest alike.Nearest
}

type dot struct{ sum, people float64 }

func newWorker(x *comparison) *worker {
	w := &worker{comparison: x}
	if x.c.Similarity == alike.Cosine {
		w.dots = make([]dot, len(x.brings))
	} else {
		w.pairs = make([]alike.Pair, len(x.brings))
	}
	return w
}

// neighbors returns the nearest of movie i, until the next call. It takes time
// proportional to the histories of those who watched it.
func (w *worker) neighbors(i uint32) []alike.Near {
	w.touched = w.touched[:0]
	w.nearest.Start(w.c.Neighbors)
	if w.c.Similarity == alike.Cosine {
		w.addDots(i)
		w.offerDots(i)
	} else {
		w.addPairs(i)
		w.offerPairs(i)
	}
	return w.nearest.Best()
}

func (w *worker) addDots(i uint32) {
	people, mine := w.movies.Row(int(i))
	for p, person := range people {
		x := float64(mine[p])
		cols, values := w.people.Row(int(person))
		for j, col := range cols {
			d := &w.dots[col]
			if d.people == 0 {
				w.touched = append(w.touched, col)
			}
			d.sum += x * float64(values[j])
			d.people++
		}
	}
}

func (w *worker) offerDots(i uint32) {
	own := w.brings[i]
	for _, j := range w.touched {
		d := w.dots[j]
		w.dots[j] = dot{}
		w.offer(i, j, alike.Shrunk(d.sum*own*w.brought[j], d.people, w.c.Shrink), d.people)
	}
}

func (w *worker) addPairs(i uint32) {
	people, mine := w.movies.Row(int(i))
	for p, person := range people {
		x := float64(mine[p])
		cols, values := w.people.Row(int(person))
		for j, col := range cols {
			if w.pairs[col].N == 0 {
				w.touched = append(w.touched, col)
			}
			w.pairs[col].Add(x, float64(values[j]))
		}
	}
}

func (w *worker) offerPairs(i uint32) {
	for _, j := range w.touched {
		p := w.pairs[j]
		w.pairs[j] = alike.Pair{}
		w.offer(i, j, p.Alike(w.c.Similarity, w.c.Shrink), p.N)
	}
}

// offer takes j as a neighbour of i if they are alike at all.
func (w *worker) offer(i, j uint32, score, people float64) {
	if s := float32(score); j != i && s > 0 && people >= float64(w.c.Least) {
		w.nearest.Offer(j, s)
	}
}
