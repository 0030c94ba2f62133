package indexer

import (
	"cmp"
	"math"
	"slices"
)

// compareHits orders hits as every list of neighbours is ordered: best first,
// ties by ascending row.
func compareHits(a, b Hit) int {
	if a.Score != b.Score {
		return cmp.Compare(b.Score, a.Score)
	}
	return cmp.Compare(a.Row, b.Row)
}

// better says whether a stands before b. Neither score is NaN: this is the
// innermost step of a selection, and cmp.Compare's care for NaN took a fifth of
// its time.
func better(a, b Hit) bool {
	return a.Score > b.Score || a.Score == b.Score && a.Row < b.Row
}

// A Best collects the k best of the hits that it is offered, in any order; among
// equal scores lower rows are better. What it holds depends on what it was
// offered, not on the order. The zero Best holds nothing; begin with Reset.
type Best struct {
	hits []Hit // a heap, the worst first
	k    int
}

// Reset empties b and makes room for k hits. It keeps what storage there is.
func (b *Best) Reset(k int) {
	b.hits = b.hits[:0]
	b.k = k
}

// Len returns how many hits b holds, at most k.
func (b *Best) Len() int { return len(b.hits) }

// Floor returns the score below which an offer is in vain: that of the worst hit
// held, or -Inf as long as there is room for any.
func (b *Best) Floor() float32 {
	if len(b.hits) < b.k {
		return float32(math.Inf(-1))
	}
	if b.k == 0 {
		return float32(math.Inf(1))
	}
	return b.hits[0].Score
}

// Offer puts h among the hits held if it is one of the k best so far. A row is
// offered once, and its score is a number. It takes O(log k).
func (b *Best) Offer(h Hit) {
	switch {
	case len(b.hits) < b.k:
		b.hits = append(b.hits, h)
		siftUp(b.hits)
	case b.k > 0 && better(h, b.hits[0]):
		b.hits[0] = h
		siftDown(b.hits)
	}
}

// Sorted returns the hits held, best first, in storage that b goes on using. It
// leaves b empty.
func (b *Best) Sorted() []Hit {
	hits := b.hits
	b.hits = b.hits[:0]
	slices.SortFunc(hits, compareHits)
	return hits
}

// siftUp moves the last hit to its place in the heap.
func siftUp(h []Hit) {
	i := len(h) - 1
	moved := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !better(h[parent], moved) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = moved
}

// siftDown moves the first hit to its place in the heap.
func siftDown(h []Hit) {
	moved := h[0]
	i := 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && better(h[child], h[child+1]) {
			child++
		}
		if !better(moved, h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = moved
}
