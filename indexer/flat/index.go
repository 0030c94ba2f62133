package flat

import (
	"context"
	"sync"

	"marquee/embedder/vec"
	"marquee/indexer"
)

// scanRows is how many rows are looked at between two looks at the context: some
// 0.1 ms of float32 rows.
const scanRows = 2048

// An Index is an exact [indexer.Index] over float32 rows. Nothing writes to it
// after New returns, so any number of goroutines may search it.
type Index struct {
	vecs []float32 // [rows x dims], row-major
	dims int
	zero []bool // [rows], true for a row of zeros; nil when there is none

	scratch sync.Pool // of *indexer.Best
}

// New returns an index of vecs, [n x dims], row-major, rows of unit length or of
// zeros. It keeps vecs, which must not change from then on. Errors are those of
// [indexer.CheckRows]. It takes one pass over vecs.
func New(vecs []float32, dims int) (*Index, error) {
	if err := indexer.CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	x := &Index{vecs: vecs, dims: dims}
	for row := range uint32(x.Len()) {
		if !indexer.ZeroRow(vecs, dims, row) {
			continue
		}
		if x.zero == nil {
			x.zero = make([]bool, x.Len())
		}
		x.zero[row] = true
	}
	return x, nil
}

// Len returns the number of rows, those of zeros included.
func (x *Index) Len() int { return len(x.vecs) / x.dims }

// Dims returns the length of a row.
func (x *Index) Dims() int { return x.dims }

// Search returns the min(k, kept) nearest rows; see [indexer.Index]. It looks at
// every row and allocates only what it returns. Keep is asked about rows that
// are better than the k best seen so far, in ascending order.
func (x *Index) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, x.dims, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isZero(q) {
		return nil, nil
	}
	best, ok := x.scratch.Get().(*indexer.Best)
	if !ok {
		best = new(indexer.Best)
	}
	defer x.scratch.Put(best)
	best.Reset(min(k, x.Len()))
	for from := 0; from < x.Len(); from += scanRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x.scan(best, q, from, min(from+scanRows, x.Len()), keep)
	}
	return answer(best), nil
}

// scan offers the rows from from up to to.
func (x *Index) scan(best *indexer.Best, q []float32, from, to int, keep indexer.Keep) {
	floor := best.Floor()
	row := from
	for ; row+4 <= to; row += 4 {
		d0, d1, d2, d3 := vec.Dot4(q, x.row(row), x.row(row+1), x.row(row+2), x.row(row+3))
		if d0 < floor && d1 < floor && d2 < floor && d3 < floor {
			continue
		}
		for i, d := range [4]float32{d0, d1, d2, d3} {
			floor = x.offer(best, row+i, d, floor, keep)
		}
	}
	for ; row < to; row++ {
		floor = x.offer(best, row, vec.Dot(q, x.row(row)), floor, keep)
	}
}

// offer puts a row that reaches floor among the best, if it may be there, and
// returns the floor from then on.
func (x *Index) offer(best *indexer.Best, row int, score, floor float32, keep indexer.Keep) float32 {
	if score < floor || !x.allowed(uint32(row), keep) {
		return floor
	}
	best.Offer(indexer.Hit{Row: uint32(row), Score: score})
	return best.Floor()
}

// allowed says whether row may be in an answer.
func (x *Index) allowed(row uint32, keep indexer.Keep) bool {
	return (x.zero == nil || !x.zero[row]) && (keep == nil || keep(row))
}

func (x *Index) row(i int) []float32 { return x.vecs[i*x.dims : (i+1)*x.dims] }

// answer copies what was found out of the scratch.
func answer(best *indexer.Best) []indexer.Hit {
	found := best.Sorted()
	if len(found) == 0 {
		return nil
	}
	return append(make([]indexer.Hit, 0, len(found)), found...)
}

func isZero(q []float32) bool {
	for _, v := range q {
		if v != 0 {
			return false
		}
	}
	return true
}
