package hnsw

import "slices"

// A walk is the working memory of one search; it is used again by the next.
type walk struct {
	visited []uint64 // one bit a row
	fresh   []uint32 // links of the row that is followed that were not visited
	keys    []key    // of fresh
	picks   []key
	beam    beam
	heap    heap
	exact   exactScorer
	coded   codeScorer
}

func newWalk(rows int) *walk {
	return &walk{visited: make([]uint64, (rows+63)/64)}
}

// start forgets what was visited.
func (w *walk) start() { clear(w.visited) }

// visit marks a row and says whether it was unmarked.
func (w *walk) visit(row uint32) bool {
	word, bit := &w.visited[row/64], uint64(1)<<(row%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

func (w *walk) wasVisited(row uint32) bool {
	return w.visited[row/64]>>(row%64)&1 != 0
}

// expand returns the keys of those links of row on a level that were not visited,
// and marks them. Every link is written down, and the next goes over it unless it is
// fresh: whether it is, no processor can foretell, and a wrong guess costs as much as a
// score.
func (w *walk) expand(g *graph, s scorer, row uint32, level int) []key {
	slot := g.slot(row, level)
	w.fresh = slices.Grow(w.fresh[:0], len(slot))
	fresh, n := w.fresh[:len(slot)], 0
	for _, link := range slot {
		if link == none {
			break
		}
		word, bit := &w.visited[link/64], link%64
		fresh[n] = link
		n += int(^*word >> bit & 1)
		*word |= 1 << bit
	}
	w.fresh = fresh[:n]
	w.keys = s.score(w.fresh, w.keys[:0])
	return w.keys
}

// one returns the key of one row.
func (w *walk) one(s scorer, row uint32) key {
	w.fresh = append(w.fresh[:0], row)
	w.keys = s.score(w.fresh, w.keys[:0])
	return w.keys[0]
}

// descend returns the row that greedy steps reach from the entry on the levels
// above the given one. The graph is not empty.
func (w *walk) descend(g *graph, s scorer, level int) key {
	at := w.one(s, g.entry)
	for l := g.top(); l > level; l-- {
		for {
			best := at
			w.keys = s.score(g.links(at.row(), l), w.keys[:0])
			for _, k := range w.keys {
				best = max(best, k)
			}
			if best == at {
				break
			}
			at = best
		}
	}
	return at
}

// search fills w.beam with the width nearest rows that a walk over one level
// finds from the given starts (algorithm 2 of the paper).
func (w *walk) search(g *graph, s scorer, starts []key, width, level int) {
	w.start()
	w.beam.reset(width)
	for _, k := range starts {
		if w.visit(k.row()) {
			w.beam.offer(k &^ followed)
		}
	}
	for {
		row, ok := w.beam.follow()
		if !ok {
			return
		}
		floor := w.beam.floor()
		for _, k := range w.expand(g, s, row, level) {
			if k > floor {
				w.beam.offer(k)
				floor = w.beam.floor()
			}
		}
	}
}
