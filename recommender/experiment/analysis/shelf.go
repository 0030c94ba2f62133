package analysis

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"

	"marquee/catalog/stats"
	"marquee/recommender/eval"
)

// Bounds of what a shelf holds, and how few lists are too few.
const (
	maxShelf  = 2000
	leastRare = 10
)

// A shelf holds the first lists of those people of a group whose hash is lowest: a
// sample that depends on nothing that was shown. It is a [heap.Interface], the highest
// hash first.
type shelf struct{ lists []shelved }

type shelved struct {
	hash   uint64
	movies []uint32
}

// Len implements [heap.Interface].
func (s *shelf) Len() int { return len(s.lists) }

// Less implements [heap.Interface].
func (s *shelf) Less(i, j int) bool { return s.lists[i].hash > s.lists[j].hash }

// Swap implements [heap.Interface].
func (s *shelf) Swap(i, j int) { s.lists[i], s.lists[j] = s.lists[j], s.lists[i] }

// Push implements [heap.Interface].
func (s *shelf) Push(x any) { s.lists = append(s.lists, x.(shelved)) }

// Pop implements [heap.Interface].
func (s *shelf) Pop() any {
	last := s.lists[len(s.lists)-1]
	s.lists = s.lists[:len(s.lists)-1]
	return last
}

// put takes in a list that was just counted, if it is its person's first.
func (s *shelf) put(o *outcome) {
	if o.person.during.lists != 1 {
		return
	}
	hash := stats.Hash(string(o.User))
	if len(s.lists) == maxShelf {
		if hash >= s.lists[0].hash {
			return
		}
		heap.Pop(s)
	}
	heap.Push(s, shelved{hash, slices.Clone(o.movies)})
}

// A variety says how many of the movies the lists of a group hold, and how unequally.
type variety struct{ coverage, gini eval.Estimate }

// varieties returns that of each group, of as many lists each; nil if one has too few.
func (s *study) varieties() (out []variety, lists int) {
	lists = maxShelf
	for i := range s.shelves {
		lists = min(lists, len(s.shelves[i].lists)/2)
	}
	if lists < leastRare || s.listed == 0 {
		return nil, 0
	}
	for i := range s.shelves {
		out = append(out, s.shelves[i].variety(len(s.costs), lists, s.opts.Draws/10, s.opts.Seed))
	}
	return out, lists
}

// variety estimates that of n lists. Intervals are by subsampling without replacement, as
// those of [eval.RarefiedCoverage] in reports on models: n of N lists stray from what all N
// give as sqrt(N/n - 1) times as far as those from the truth.
func (s *shelf) variety(size, n, draws int, seed uint64) variety {
	slices.SortFunc(s.lists, func(a, b shelved) int { // whatever order they came in
		if a.hash < b.hash {
			return -1
		}
		return 1
	})
	rng := rand.New(rand.NewPCG(seed, 11))
	times := make([]int, size)
	coverages, ginis := make([]float64, draws), make([]float64, draws)
	for b := range draws {
		for i := range n {
			j := i + rng.IntN(len(s.lists)-i)
			s.lists[i], s.lists[j] = s.lists[j], s.lists[i]
			for _, m := range s.lists[i].movies {
				times[m]++
			}
		}
		coverages[b], ginis[b] = eval.Coverage(times, size), eval.Gini(times)
		clear(times)
	}
	scale := 1 / math.Sqrt(float64(len(s.lists))/float64(n)-1)
	return variety{strayed(coverages, scale), strayed(ginis, scale)}
}

// strayed returns the mean of draws with an interval of scale times their spread.
func strayed(draws []float64, scale float64) eval.Estimate {
	mean, squares := 0.0, 0.0
	for _, x := range draws {
		mean += x / float64(len(draws))
	}
	for _, x := range draws {
		squares += (x - mean) * (x - mean)
	}
	margin := stats.NormalMargin(squares/float64(len(draws)-1), 1-Alpha) * scale
	return eval.Estimate{Value: mean, Low: max(0, mean-margin), High: min(1, mean+margin)}
}
