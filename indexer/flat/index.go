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
// after New or With returns, so any number of goroutines may search it.
type Index struct {
	vecs []float32 // [rows x dims], row-major
	dims int
	out  []bool        // row of vecs -> it is of zeros or has another vector by now; nil when none is
	tail *indexer.Tail // the rows that came later

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
	x := &Index{vecs: vecs, dims: dims, tail: indexer.NewTail(len(vecs) / dims)}
	for row := range uint32(x.scanned()) {
		if indexer.ZeroRow(vecs, dims, row) {
			x.leaveOut(row)
		}
	}
	return x, nil
}

// leaveOut keeps a row of vecs out of every answer, before x is searched.
func (x *Index) leaveOut(row uint32) {
	if x.out == nil {
		x.out = make([]bool, x.scanned())
	}
	x.out[row] = true
}

// scanned returns the number of rows of vecs.
func (x *Index) scanned() int { return len(x.vecs) / x.dims }

// Len returns the number of rows, those of zeros included.
func (x *Index) Len() int { return x.tail.Len() }

// Dims returns the length of a row.
func (x *Index) Dims() int { return x.dims }

// Search returns the min(k, kept) nearest rows; see [indexer.Index]. It looks at
// every row and allocates only what it returns. Keep is asked about rows that
// are better than the k best seen so far, in ascending order, those that came later
// last.
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
	for from := 0; from < x.scanned(); from += scanRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x.scan(s, q, from, min(from+scanRows, x.scanned()), keep)
	}
	x.tail.Offer(&s.best, q, keep)
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

// allowed says whether a row of vecs may be in an answer.
func (x *Index) allowed(row uint32, keep indexer.Keep) bool {
	return (x.out == nil || !x.out[row]) && (keep == nil || keep(row))
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
