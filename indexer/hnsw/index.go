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

// An Index is a graph over vectors. Nothing writes to it once it is built, so any
// number of goroutines may search it; [Index.With] makes another.
//
// The graph, the codes and the walks know slots: those of vecs, then those of later.
// A slot is the row that it is the vector of, as long as no row has got another
// vector; rowOf and slotOf tell them apart from then on. A slot whose vector no row
// has any more is absent from the graph.
type Index struct {
	vecs  []float32   // [built x dims], the caller's, never written
	later [][]float32 // of the slots behind those of vecs, the callers'; nil where absent
	built int
	dims  int
	cfg   Config
	graph *graph
	codes *codes
	walks *sync.Pool // of *walk

	rows   int      // see Len
	rowOf  []uint32 // slot -> row; nil while a slot is its row
	slotOf []uint32 // row -> slot, or none for a row of zeros; nil like rowOf
}

var _ indexer.Changer = (*Index)(nil)

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
		built: len(levels),
		dims:  dims,
		cfg:   cfg,
		graph: newGraph(cfg.M, levels),
		codes: newCodes(vecs, nil, dims),
		walks: newWalks(len(levels)),
		rows:  len(levels),
	}
}

// newWalks returns the walks of a graph of so many slots.
func newWalks(slots int) *sync.Pool {
	return &sync.Pool{New: func() any { return newWalk(slots) }}
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
func (x *Index) Len() int { return x.rows }

// Dims returns the length of a row.
func (x *Index) Dims() int { return x.dims }

// Config returns what the index was built with; Ef is what searches use.
func (x *Index) Config() Config { return x.cfg }

// Bytes returns the memory of the index without the vectors, in bytes: links, and
// one byte for each value of a vector. Part of it may be shared with the index that it
// was made from.
func (x *Index) Bytes() int64 {
	g := x.graph
	return int64(4*(len(g.base)+len(g.upper)+len(g.upperAt)+len(x.rowOf)+len(x.slotOf)) + len(g.levels) + len(x.codes.rows))
}

// slots returns the number of slots, absent ones included.
func (x *Index) slots() int { return x.built + len(x.later) }

// row returns the vector of a slot that is or was in the graph.
func (x *Index) row(slot uint32) []float32 {
	if at := int(slot) * x.dims; at < len(x.vecs) {
		return x.vecs[at : at+x.dims : at+x.dims]
	}
	return x.later[int(slot)-x.built]
}

// toRows turns keys of slots into keys of rows.
func (x *Index) toRows(keys []key) {
	if x.rowOf == nil {
		return
	}
	for i, k := range keys {
		keys[i] = newKey(k.score(), x.rowOf[k.row()])
	}
}

// bySlot returns keep for slots.
func (x *Index) bySlot(keep indexer.Keep) indexer.Keep {
	if x.rowOf == nil || keep == nil {
		return keep
	}
	return func(slot uint32) bool { return keep(x.rowOf[slot]) }
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
	keep = x.bySlot(keep)
	if !x.walkNear(w, q, k, ef, keep) {
		if err := x.scan(ctx, w, q, k, keep); err != nil {
			return nil, err
		}
	}
	return answer(w.beam.keys, k), nil
}

// walkNear leaves k or more of the nearest kept rows in w.beam, best first, or
// returns false when a scan of all rows must find them. keep gets slots.
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

// rescore scores the slots of w.beam again by their vectors, and leaves their rows in
// it, best first.
func (x *Index) rescore(w *walk, q []float32) {
	w.fresh = w.fresh[:0]
	for _, k := range w.beam.keys {
		w.fresh = append(w.fresh, k.row())
	}
	w.beam.keys = x.exactly(w, q).score(w.fresh, w.beam.keys[:0])
	x.toRows(w.beam.keys)
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
// slots. keep gets slots.
func (x *Index) scan(ctx context.Context, w *walk, q []float32, k int, keep indexer.Keep) error {
	keys := w.heap[:0] // as a plain list: k may be every row, too many to insert one by one
	defer func() { w.heap = keys[:0] }()
	s := x.exactly(w, q)
	slots := uint32(x.slots())
	for from := uint32(0); from < slots; from += scanBlock {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.fresh = w.fresh[:0]
		for slot := from; slot < min(from+scanBlock, slots); slot++ {
			if x.graph.has(slot) && (keep == nil || keep(slot)) {
				w.fresh = append(w.fresh, slot)
			}
		}
		scored := len(keys)
		keys = s.score(w.fresh, keys)
		x.toRows(keys[scored:])
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
