package precomputed

import (
	"cmp"
	"container/heap"
	"slices"
)

// A hit is a movie with its score.
type hit struct {
	row   uint32
	score float32
}

// before says whether a comes before b: by score, ties by row.
func (a hit) before(b hit) bool {
	return a.score > b.score || a.score == b.score && a.row < b.row
}

// worstFirst is a heap with the last of the best at its top.
type worstFirst []hit

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return h[j].before(h[i]) }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(x any)        { *h = append(*h, x.(hit)) }
func (h *worstFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// top returns the n best rows of scores that keep lets through, best first, in
// best's memory. NaN is no score. keep is asked only of what would enter the
// list.
func top(scores []float32, n int, keep func(row uint32) bool, best worstFirst) worstFirst {
	best = best[:0]
	for row, s := range scores {
		h := hit{uint32(row), s}
		full := len(best) == n
		if s != s || full && !h.before(best[0]) || !keep(h.row) {
			continue
		}
		if full {
			best[0] = h
			heap.Fix(&best, 0)
			continue
		}
		best = append(best, h)
		if len(best) == n {
			heap.Init(&best)
		}
	}
	slices.SortFunc(best, func(a, b hit) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row)) })
	return best
}
