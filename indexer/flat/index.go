package flat

import (
	"context"
	"math/bits"
	"sync"

	"marquee/embedder/vec"
	"marquee/indexer"
)

// scanRows is how many rows are multiplied at once, and between two looks at the
// context: some 0.1 ms of float32 rows. A multiple of 64.
const scanRows = 1024

// An Index is an exact [indexer.Index] over float32 rows. Nothing writes to it
// after New returns, so any number of goroutines may search it.
type Index struct {
	vecs []float32 // [rows x dims], row-major
	dims int
	zero []bool // [rows], true for a row of zeros; nil when there is none

	scratch sync.Pool // of *scratch
}

// A scratch is what one search works with.
type scratch struct {
	best   indexer.Best
	scores [scanRows]float32
	mask   [scanRows / 64]uint64
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
	s, ok := x.scratch.Get().(*scratch)
	if !ok {
		s = new(scratch)
	}
	defer x.scratch.Put(s)
	s.best.Reset(min(k, x.Len()))
	for from := 0; from < x.Len(); from += scanRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x.scan(s, q, from, min(from+scanRows, x.Len()), keep)
	}
	return answer(&s.best), nil
}

// scan offers the rows from from up to to.
func (x *Index) scan(s *scratch, q []float32, from, to int, keep indexer.Keep) {
	scores := s.scores[:to-from]
	vec.DotRows(scores, q, x.vecs[from*x.dims:to*x.dims])
	vec.AtLeast(s.mask[:], scores, s.best.Floor())
	for w := range (len(scores) + 63) / 64 {
		for reached := s.mask[w]; reached != 0; reached &= reached - 1 {
			i := w*64 + bits.TrailingZeros64(reached)
			h := indexer.Hit{Row: uint32(from + i), Score: scores[i]}
			if h.Score >= s.best.Floor() && x.allowed(h.Row, keep) {
				s.best.Offer(h)
			}
		}
	}
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
