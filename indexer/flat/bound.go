package flat

import (
	"context"
	"math"

	"marquee/embedder/vec"
	"marquee/indexer"
)

// A candidate is a row whose score lies between low and high.
type candidate struct {
	row       uint32
	low, high float32
}

// A scratchInt8 is what one search works with.
type scratchInt8 struct {
	query      []uint8
	sums       [scanRows]int32
	candidates []candidate
	best       indexer.Best
}

// A rounded is a query as bytes, and what turns sums of bytes into bounds.
type rounded struct {
	bytes []uint8 // 128 for zero
	scale float32 // value of one step
	fixed float32 // bound on the error that is the same for every row
	lost  float32 // times a row's own loss: the rest of the bound
}

// Lengths of queries whose scores float32 holds with all its bits. Others are
// scanned in float32, where rounding hides what bounds could tell.
const (
	leastLength = 1e-20
	mostLength  = 1e20
)

// Search returns what [Index.Search] returns, to the bit. Keep is asked about rows
// that may be among the best k of those seen so far, each once, in ascending
// order, those that came later last.
func (x *Int8) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, x.Dims(), k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if isZero(q) {
		return nil, nil
	}
	length := lengthOf(q)
	if !(length >= leastLength && length <= mostLength) {
		return x.exact.Search(ctx, q, k, keep)
	}
	s, ok := x.scratch.Get().(*scratchInt8)
	if !ok {
		s = &scratchInt8{query: make([]uint8, x.stride)}
	}
	defer x.scratch.Put(s)
	k = min(k, x.Len())
	r := x.round(s.query, q, length)
	floor, err := x.collect(ctx, s, r, k, keep)
	if err != nil {
		return nil, err
	}
	if err := x.rank(ctx, s, q, k, floor); err != nil {
		return nil, err
	}
	x.exact.tail.Offer(&s.best, q, keep)
	return answer(&s.best), nil
}

// round writes q as bytes. The bound allows for the rounding of float32 sums too:
// at most one unit of the last place for each of the terms, and a few beside.
func (x *Int8) round(dst []uint8, q []float32, length float64) rounded {
	step := stepOf(q)
	scale := float32(step)
	var lost float64
	for i, v := range q {
		b := math.RoundToEven(float64(v) / step)
		dst[i] = uint8(int(b) + 128)
		d := float64(v) - b*float64(scale)
		lost += d * d
	}
	sums := length * x.longest * float64(len(q)+16) / (1 << 23)
	return rounded{
		bytes: dst,
		scale: scale,
		fixed: upwards((math.Sqrt(lost)*x.longest + sums) * (1 + 1e-6)),
		lost:  upwards(length * (1 + 1e-6)),
	}
}

// collect leaves in s the rows that may be among the best k, and returns the k-th
// best lower bound.
func (x *Int8) collect(ctx context.Context, s *scratchInt8, r rounded, k int, keep indexer.Keep) (float32, error) {
	s.candidates = s.candidates[:0]
	s.best.Reset(k)
	floor := s.best.Floor()
	for from := 0; from < len(x.rows); from += scanRows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		to := min(from+scanRows, len(x.rows))
		sums := s.sums[:to-from]
		vec.DotI8Rows(sums, r.bytes, x.bytes[from*x.stride:to*x.stride])
		for i, b := range x.rows[from:to] {
			score := float32(sums[i]-b.offset) * (r.scale * b.scale)
			bound := r.fixed + r.lost*b.lost
			if score+bound >= floor {
				floor = x.consider(s, uint32(from+i), score, bound, keep)
			}
		}
	}
	return floor, nil
}

// consider makes a row a candidate if it may be in the answer, and returns the
// k-th best lower bound from then on.
func (x *Int8) consider(s *scratchInt8, row uint32, score, bound float32, keep indexer.Keep) float32 {
	if x.exact.allowed(row, keep) {
		s.candidates = append(s.candidates, candidate{row, score - bound, score + bound})
		s.best.Offer(indexer.Hit{Row: row, Score: score - bound})
	}
	return s.best.Floor()
}

// rank leaves in s.best the best k of the candidates by their scores. Those with a
// good lower bound come first, so that the others meet a floor of scores, which
// is higher than one of bounds.
func (x *Int8) rank(ctx context.Context, s *scratchInt8, q []float32, k int, floor float32) error {
	s.best.Reset(k)
	if err := x.rankThose(ctx, s, q, func(c candidate) bool { return c.low >= floor }); err != nil {
		return err
	}
	return x.rankThose(ctx, s, q, func(c candidate) bool { return c.low < floor && c.high >= s.best.Floor() })
}

func (x *Int8) rankThose(ctx context.Context, s *scratchInt8, q []float32, wanted func(candidate) bool) error {
	var four [4]uint32
	n := 0
	for i, c := range s.candidates {
		if i%scanRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if !wanted(c) {
			continue
		}
		four[n] = c.row
		if n++; n == len(four) {
			x.offerFour(&s.best, q, four)
			n = 0
		}
	}
	for _, row := range four[:n] {
		s.best.Offer(indexer.Hit{Row: row, Score: vec.Dot(q, x.exact.row(int(row)))})
	}
	return nil
}

// offerFour multiplies four rows at once: they lie apart, and waiting for one at
// a time would take most of the time.
func (x *Int8) offerFour(best *indexer.Best, q []float32, rows [4]uint32) {
	row := func(i int) []float32 { return x.exact.row(int(rows[i])) }
	d0, d1, d2, d3 := vec.Dot4(q, row(0), row(1), row(2), row(3))
	for i, d := range [4]float32{d0, d1, d2, d3} {
		best.Offer(indexer.Hit{Row: rows[i], Score: d})
	}
}

func lengthOf(q []float32) float64 {
	var square float64
	for _, v := range q {
		square += float64(v) * float64(v)
	}
	return math.Sqrt(square)
}
