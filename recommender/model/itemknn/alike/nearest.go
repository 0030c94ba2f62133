package alike

import (
	"cmp"
	"slices"
)

// A Near is a row with how alike it is.
type Near struct {
	Row   uint32
	Score float32
}

// before orders nearer rows first, ties by row.
func before(a, b Near) int {
	switch {
	case a.Score > b.Score:
		return -1
	case a.Score < b.Score:
		return 1
	}
	return cmp.Compare(a.Row, b.Row)
}

// A Nearest keeps the nearest of the rows that it is offered. It can be used again
// after [Nearest.Start], and then allocates nothing.
type Nearest struct {
	most int
	heap []Near // the farthest on top
}

// Start forgets all and keeps most rows from now on.
func (n *Nearest) Start(most int) { n.most, n.heap = most, n.heap[:0] }

// Offer takes in a row, each once. The order of offers does not matter.
func (n *Nearest) Offer(row uint32, score float32) {
	if len(n.heap) == n.most && n.most > 0 && score < n.heap[0].Score {
		return // nearly always
	}
	x := Near{row, score}
	if len(n.heap) < n.most {
		n.heap = append(n.heap, x)
		n.up()
		return
	}
	if n.most > 0 && before(x, n.heap[0]) < 0 {
		n.heap[0] = x
		n.down()
	}
}

// Best returns what was kept, nearest first, until the next Start.
func (n *Nearest) Best() []Near {
	slices.SortFunc(n.heap, before)
	return n.heap
}

// Kept returns what Best does, in no order to rely on, in less time.
func (n *Nearest) Kept() []Near { return n.heap }

func (n *Nearest) up() {
	for i := len(n.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if before(n.heap[i], n.heap[parent]) <= 0 {
			return
		}
		n.heap[i], n.heap[parent] = n.heap[parent], n.heap[i]
		i = parent
	}
}

func (n *Nearest) down() {
	for i := 0; ; {
		far := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(n.heap); c++ {
			if before(n.heap[c], n.heap[far]) > 0 {
				far = c
			}
		}
		if far == i {
			return
		}
		n.heap[i], n.heap[far] = n.heap[far], n.heap[i]
		i = far
	}
}
