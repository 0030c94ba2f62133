package hnsw

import "marquee/embedder/vec"

// A walk is the working memory of one search; it is used again by the next.
type walk struct {
	visited []uint64 // one bit a row
	fresh   []uint32 // unvisited links of the row that is followed
	scores  []float32
	beam    beam
	heap    heap
	picks   []key
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

// unvisited collects, marks and scores the links of row on a level that were not
// visited: w.fresh and w.scores.
func (w *walk) unvisited(x *Index, q []float32, row uint32, level int) {
	w.fresh = w.fresh[:0]
	for _, link := range x.graph.slot(row, level) {
		if link == none {
			break
		}
		if w.visit(link) {
			w.fresh = append(w.fresh, link)
		}
	}
	w.scores = x.scoreRows(q, w.fresh, w.scores[:0])
}

// scoreRows appends the scores of rows with q to out, four rows at a time so that
// their memory is fetched together.
func (x *Index) scoreRows(q []float32, rows []uint32, out []float32) []float32 {
	for len(rows) >= 4 {
		a, b, c, d := vec.Dot4(q, x.row(rows[0]), x.row(rows[1]), x.row(rows[2]), x.row(rows[3]))
		out = append(out, a, b, c, d)
		rows = rows[4:]
	}
	for _, row := range rows {
		out = append(out, vec.Dot(q, x.row(row)))
	}
	return out
}

// descend returns the row that greedy steps reach from the entry on the levels
// above the given one. The graph is not empty.
func (x *Index) descend(w *walk, q []float32, level int) key {
	at := x.score(q, x.graph.entry)
	for l := x.graph.top(); l > level; l-- {
		for {
			best := at
			links := x.graph.links(at.row(), l)
			w.scores = x.scoreRows(q, links, w.scores[:0])
			for i, link := range links {
				best = max(best, newKey(w.scores[i], link))
			}
			if best == at {
				break
			}
			at = best
		}
	}
	return at
}

func (x *Index) score(q []float32, row uint32) key {
	return newKey(vec.Dot(q, x.row(row)), row)
}

// searchLevel fills w.beam with the width nearest rows that a walk over one level
// finds from the given starts (algorithm 2 of the paper).
func (x *Index) searchLevel(w *walk, q []float32, starts []key, width, level int) {
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
		w.unvisited(x, q, row, level)
		floor := w.beam.floor()
		for i, link := range w.fresh {
			if k := newKey(w.scores[i], link); k > floor {
				w.beam.offer(k)
				floor = w.beam.floor()
			}
		}
	}
}
