package indexer

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"marquee/embedder/vec"
)

// blockRows is the side of the square of scores that a worker makes at once. The
// square (256 kB) and the rows of both sides (390 kB each at 384 dims) stay in
// the second level cache. A multiple of 64 and of vec.PanelWidth.
const blockRows = 256

// Neighbours returns the k nearest rows of every row of vecs, [n x dims],
// row-major, rows of unit length or of zeros. It is exact: every pair is
// multiplied. A row of zeros has no neighbours and is nobody's. The same vecs
// give the same bits at any GOMAXPROCS, on one kernel path ([vec.Path]).
//
// It takes O(n*n*dims/2) multiplications, shared out over GOMAXPROCS goroutines
// that have ended when it returns, and, beside vecs and the table, memory for a
// second copy of vecs. progress, which may be nil, is called after every share,
// by one goroutine at a time, with done ascending to total. Errors wrap ErrDims,
// ErrRow or ErrCount, or are ctx's own.
func Neighbours(ctx context.Context, vecs []float32, dims, k int, progress func(done, total int)) (*Table, error) {
	if err := CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	if k < 1 || k > math.MaxInt32 {
		return nil, fmt.Errorf("asked for %d neighbours, want 1 to %d: %w", k, math.MaxInt32, ErrCount)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := newPairs(vecs, dims, k)
	if err := p.pack(ctx); err != nil {
		return nil, err
	}
	if err := p.multiply(ctx, progress); err != nil {
		return nil, err
	}
	if err := p.sort(ctx); err != nil {
		return nil, err
	}
	return p.table(), nil
}

// pairs is the work of Neighbours. Each pair of blocks is multiplied once and its
// scores offered to the rows of both; that is right to the bit, since an inner
// product is symmetric to the bit and a list of the best does not depend on the
// order in which they are met.
type pairs struct {
	vecs []float32 // [rows x dims]
	dims int
	rows int
	k    int // neighbours asked for
	most int // neighbours a row can have

	blocks  []pairBlock
	entries []Neighbour // [rows x most], storage of the lists
	lists   []Best      // [rows]
	floors  []float32   // [rows], score from which on an offer may succeed
	zero    []bool      // [rows], true for a row of zeros
}

// A pairBlock is blockRows rows, fewer in the last block.
type pairBlock struct {
	mu       sync.Mutex // held by who writes to the lists of its rows
	from, to int        // its rows
	panels   []float32  // its rows, packed
}

func newPairs(vecs []float32, dims, k int) *pairs {
	rows := len(vecs) / dims
	p := &pairs{
		vecs: vecs, dims: dims, rows: rows, k: k, most: max(0, min(k, rows-1)),
		blocks: make([]pairBlock, (rows+blockRows-1)/blockRows),
		lists:  make([]Best, rows), floors: make([]float32, rows), zero: make([]bool, rows),
	}
	p.entries = make([]Neighbour, rows*p.most)
	for row := range rows {
		p.lists[row].hits = p.entries[row*p.most : row*p.most : (row+1)*p.most]
		p.lists[row].Reset(p.most)
		p.floors[row] = p.lists[row].Floor()
		if ZeroRow(vecs, dims, uint32(row)) {
			p.zero[row], p.floors[row] = true, float32(math.Inf(1))
		}
	}
	for i := range p.blocks {
		p.blocks[i].from, p.blocks[i].to = i*blockRows, min((i+1)*blockRows, rows)
	}
	return p
}

// pack packs every block.
func (p *pairs) pack(ctx context.Context) error {
	return share(ctx, len(p.blocks), func() func(i int) {
		return func(i int) {
			b := &p.blocks[i]
			b.panels = vec.PackPanels(p.vecs[b.from*p.dims:b.to*p.dims], p.dims, b.to-b.from)
		}
	})
}

// multiply offers every score to both of its rows. Shares that follow one another
// write to other blocks, so that workers seldom wait: first each block with
// itself, then with the next, then with the one after that, around the circle.
func (p *pairs) multiply(ctx context.Context, progress func(done, total int)) error {
	n := len(p.blocks)
	total := n * (n + 1) / 2
	var mu sync.Mutex
	done := 0
	return share(ctx, total, func() func(i int) {
		w := pairWorker{pairs: p, scores: make([]float32, blockRows*blockRows)}
		return func(i int) {
			w.multiply(i%n, (i%n+i/n)%n)
			if progress != nil {
				mu.Lock()
				defer mu.Unlock()
				done++
				progress(done, total)
			}
		}
	})
}

// share calls the func that worker makes for every number below n, from
// GOMAXPROCS goroutines with a worker each, in ascending order. It returns when
// all have ended, with ctx's error if that came first.
func share(ctx context.Context, n int, worker func() func(i int)) error {
	var mu sync.Mutex
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n
	}
	g, ctx := errgroup.WithContext(ctx)
	for range min(n, runtime.GOMAXPROCS(0)) {
		g.Go(func() error {
			do := worker()
			for i, ok := take(); ok; i, ok = take() {
				if err := ctx.Err(); err != nil {
					return err
				}
				do(i)
			}
			return nil
		})
	}
	return g.Wait()
}

// sort puts every list in order.
func (p *pairs) sort(ctx context.Context) error {
	return share(ctx, len(p.blocks), func() func(i int) {
		return func(i int) {
			for row := p.blocks[i].from; row < p.blocks[i].to; row++ {
				slices.SortFunc(p.lists[row].hits, compareHits)
			}
		}
	})
}

// table moves the lists, in place, side by side.
func (p *pairs) table() *Table {
	t := &Table{k: p.k, entries: p.entries[:0], starts: make([]int, 1, p.rows+1)}
	for row := range p.lists {
		t.entries = append(t.entries, p.lists[row].hits...)
		t.starts = append(t.starts, len(t.entries))
	}
	return t
}

// A pairWorker multiplies one pair of blocks after another.
type pairWorker struct {
	*pairs
	scores []float32 // [blockRows x blockRows]
	mask   [blockRows / 64]uint64
}

// multiply offers the scores of the rows of block a with those of block b to both.
func (w *pairWorker) multiply(a, b int) {
	left, right := &w.blocks[a], &w.blocks[b]
	m, n := left.to-left.from, right.to-right.from
	vec.MulPanels(w.scores, n, w.vecs[left.from*w.dims:left.to*w.dims], w.dims, right.panels, nil, m, w.dims, n)
	w.offerLeft(left, right)
	if a != b {
		w.offerRight(left, right)
	}
}

// offerLeft offers rows of right to the lists of left.
func (w *pairWorker) offerLeft(left, right *pairBlock) {
	left.mu.Lock()
	defer left.mu.Unlock()
	n := right.to - right.from
	for row := left.from; row < left.to; row++ {
		scores := w.scores[(row-left.from)*n:][:n]
		vec.AtLeast(w.mask[:], scores, w.floors[row])
		w.each(n, func(i int) { w.offer(row, right.from+i, scores[i]) })
	}
}

// offerRight offers rows of left to the lists of right.
func (w *pairWorker) offerRight(left, right *pairBlock) {
	right.mu.Lock()
	defer right.mu.Unlock()
	n := right.to - right.from
	for row := left.from; row < left.to; row++ {
		scores := w.scores[(row-left.from)*n:][:n]
		vec.AtLeastEach(w.mask[:], scores, w.floors[right.from:right.to])
		w.each(n, func(i int) { w.offer(right.from+i, row, scores[i]) })
	}
}

// each calls f for every bit set among the first n.
func (w *pairWorker) each(n int, f func(i int)) {
	for word := range (n + 63) / 64 {
		for reached := w.mask[word]; reached != 0; reached &= reached - 1 {
			f(word*64 + bits.TrailingZeros64(reached))
		}
	}
}

// offer offers other to the list of row, which is not of zeros: no score reaches
// the floor of such a row.
func (w *pairWorker) offer(row, other int, score float32) {
	if row == other || w.zero[other] {
		return
	}
	w.lists[row].Offer(Hit{Row: uint32(other), Score: score})
	w.floors[row] = w.lists[row].Floor()
}
