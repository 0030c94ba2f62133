package hnsw

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"marquee/indexer"
)

const (
	// scanShare: a beam of one row in so many is no cheaper than a scan of all
	// rows, which misses none. A walk looks at some 8 rows for each in its beam,
	// at twice the price of a row in sequence.
	scanShare = 12
	// budgetShare: a filtered walk that has looked at one row in so many gives
	// up for a scan of the kept rows.
	budgetShare = 4
)

// An Index is a graph over the rows of vecs. Nothing writes to it once it is
// built, so any number of goroutines may search it.
type Index struct {
	vecs  []float32 // [rows x dims], the caller's, never written
	dims  int
	cfg   Config
	graph *graph
	codes *codes
	walks *sync.Pool // of *walk
}

var _ indexer.Index = (*Index)(nil)

// empty returns an index of vecs with no row in its graph.
func empty(vecs []float32, dims int, cfg Config) *Index {
	levels := make([]int, len(vecs)/dims)
	for row := range levels {
		levels[row] = cfg.level(uint32(row))
		if indexer.ZeroRow(vecs, dims, uint32(row)) {
			levels[row] = -1
		}
	}
	return &Index{
		vecs:  vecs,
		dims:  dims,
		cfg:   cfg,
		graph: newGraph(cfg.M, levels),
		codes: newCodes(vecs, dims),
		walks: &sync.Pool{New: func() any { return newWalk(len(levels)) }},
	}
}

// WithEf returns an index over the same graph whose searches keep ef rows in
// hand, 1 or more: more find more and take longer. x stays as it is.
func (x *Index) WithEf(ef int) (*Index, error) {
	y := *x
	y.cfg.Ef = ef
	if err := y.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("hnsw: %w", err)
	}
	return &y, nil
}

// Len returns the number of rows, those of zeros included.
func (x *Index) Len() int { return len(x.vecs) / x.dims }

// Dims returns the length of a row.
func (x *Index) Dims() int { return x.dims }

// Config returns what the index was built with; Ef is what searches use.
func (x *Index) Config() Config { return x.cfg }

// Bytes returns the memory of the index without the vectors, in bytes: links, and
// one byte for each value of a vector.
func (x *Index) Bytes() int64 {
	g := x.graph
	return int64(4*(len(g.base)+len(g.upper)+len(g.upperAt)) + len(g.levels) + len(x.codes.rows))
}

func (x *Index) row(i uint32) []float32 {
	at := int(i) * x.dims
	return x.vecs[at : at+x.dims : at+x.dims]
}

// Search implements [indexer.Index]. It keeps the larger of Config.Ef and k rows
// in hand. With a keep, the walk goes on through refused rows; when it would look
// at a quarter of all rows, or ends with fewer than k, the kept rows are scanned
// instead, and the answer is exact.
func (x *Index) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	return x.search(ctx, q, k, x.cfg.Ef, keep)
}

func (x *Index) search(ctx context.Context, q []float32, k, ef int, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, x.dims, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if x.graph.members == 0 || indexer.ZeroRow(q, x.dims, 0) {
		return nil, nil
	}
	k = min(k, x.graph.members)
	ef = max(ef, k)
	w := x.walks.Get().(*walk)
	defer x.walks.Put(w)
	if !x.walkNear(w, q, k, ef, keep) {
		if err := x.scan(ctx, w, q, k, keep); err != nil {
			return nil, err
		}
	}
	return answer(w.beam.keys, k), nil
}

// walkNear leaves k or more of the nearest kept rows in w.beam, best first, or
// returns false when a scan of all rows must find them.
func (x *Index) walkNear(w *walk, q []float32, k, ef int, keep indexer.Keep) bool {
	if ef*scanShare >= x.graph.members {
		return false
	}
	rough := x.roughly(w, q)
	start := w.descend(x.graph, rough, 0)
	if keep == nil {
		w.picks = append(w.picks[:0], start)
		w.search(x.graph, rough, w.picks, ef, 0)
	} else if !w.searchKept(x.graph, rough, start, ef, keep) {
		return false
	}
	if len(w.beam.keys) < k {
		return false
	}
	x.rescore(w, q)
	return true
}

// rescore scores the rows of w.beam again by their vectors and sorts them.
func (x *Index) rescore(w *walk, q []float32) {
	w.fresh = w.fresh[:0]
	for _, k := range w.beam.keys {
		w.fresh = append(w.fresh, k.row())
	}
	w.beam.keys = x.exactly(w, q).score(w.fresh, w.beam.keys[:0])
	best(w.beam.keys, len(w.beam.keys))
}

func answer(keys []key, k int) []indexer.Hit {
	hits := make([]indexer.Hit, min(k, len(keys)))
	for i := range hits {
		hits[i] = keys[i].hit()
	}
	return hits
}

// searchKept fills w.beam with the width nearest kept rows that a walk over the
// lowest level finds. It follows refused rows like any other, and keeps on until
// nothing nearer than the last kept row is left. It returns false when it has
// looked at one row in budgetShare.
func (w *walk) searchKept(g *graph, s scorer, start key, width int, keep indexer.Keep) bool {
	w.start()
	w.beam.reset(width)
	w.heap = append(w.heap[:0], start)
	w.visit(start.row())
	if keep(start.row()) {
		w.beam.offer(start)
	}
	budget := g.members / budgetShare
	for len(w.heap) > 0 {
		best := w.heap.pop()
		if best < w.beam.floor() {
			break
		}
		keys := w.expand(g, s, best.row(), 0)
		if budget -= len(keys); budget < 0 {
			return false
		}
		for _, k := range keys {
			if k <= w.beam.floor() {
				continue
			}
			w.heap.push(k)
			if keep(k.row()) {
				w.beam.offer(k)
			}
		}
	}
	return true
}

// scanBlock is how many rows a scan scores before it looks at the context again.
const scanBlock = 1024

// scan fills w.beam with the k nearest kept rows, exactly, in one pass over all
// rows.
func (x *Index) scan(ctx context.Context, w *walk, q []float32, k int, keep indexer.Keep) error {
	keys := w.heap[:0] // as a plain list: k may be every row, too many to insert one by one
	defer func() { w.heap = keys[:0] }()
	s := x.exactly(w, q)
	rows := uint32(x.Len())
	for from := uint32(0); from < rows; from += scanBlock {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.fresh = w.fresh[:0]
		for row := from; row < min(from+scanBlock, rows); row++ {
			if x.graph.has(row) && (keep == nil || keep(row)) {
				w.fresh = append(w.fresh, row)
			}
		}
		keys = s.score(w.fresh, keys)
		if len(keys) > 2*k+scanBlock {
			keys = best(keys, k)
		}
	}
	w.beam.reset(k)
	w.beam.keys = append(w.beam.keys, best(keys, k)...)
	return nil
}

// best sorts keys, best first, and returns the first k.
func best(keys []key, k int) []key {
	slices.SortFunc(keys, func(a, b key) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	return keys[:min(k, len(keys))]
}
