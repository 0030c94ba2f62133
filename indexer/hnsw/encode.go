package hnsw

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// newCodes returns the codes of the rows of vecs, then of later, which may hold nil.
// It uses all processors.
func newCodes(vecs []float32, later [][]float32, dims int) *codes {
	built := len(vecs) / dims
	rows := built + len(later)
	c := &codes{dims: dims, rows: make([]uint8, rows*dims), scale: make([]float64, dims), spare: &spare{}}
	eachRow := func(from, to int, do func(row int, v []float32)) {
		for row := from; row < min(to, built); row++ {
			do(row, vecs[row*dims:(row+1)*dims])
		}
		for row := max(from, built); row < to; row++ {
			if v := later[row-built]; v != nil {
				do(row, v)
			}
		}
	}
	var mu sync.Mutex
	inRanges(rows, func(from, to int) {
		tops := make([]uint32, dims)
		eachRow(from, to, func(_ int, v []float32) { raise(tops, v) })
		mu.Lock()
		defer mu.Unlock()
		for j, top := range tops {
			c.scale[j] = max(c.scale[j], float64(math.Float32frombits(top))/steps)
		}
	})
	inverse := c.inverse()
	inRanges(rows, func(from, to int) {
		eachRow(from, to, func(row int, v []float32) { encode(c.row(uint32(row)), v, inverse) })
	})
	return c
}

// codeRange is the least rows that are worth a goroutine.
const codeRange = 1024

// inRanges calls do for ranges that cover n rows, in parallel.
func inRanges(n int, do func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n/codeRange)
	if parts < 2 {
		do(0, n)
		return
	}
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() { do(part*n/parts, (part+1)*n/parts) })
	}
	wg.Wait()
}

// raise raises tops to the sizes of the values of v. Both are bits of float32, which
// order as the numbers do when none is negative.
func raise(tops []uint32, v []float32) {
	tops = tops[:len(v)]
	for j, x := range v {
		tops[j] = max(tops[j], math.Float32bits(x)&^(1<<31))
	}
}

// inverse returns the inverse of the scales, 0 for 0.
func (c *codes) inverse() []float64 {
	inverse := make([]float64, c.dims)
	for j, scale := range c.scale {
		if scale > 0 {
			inverse[j] = 1 / scale
		}
	}
	return inverse
}

// wholes is a number to which a smaller one is added to have it rounded, to even: the
// lowest bits of the sum are those of the whole number.
const wholes = 3 << 51

// encode writes the codes of v, no value of which is larger than the scale allows.
func encode(code []uint8, v []float32, inverse []float64) {
	code, inverse = code[:len(v)], inverse[:len(v)]
	for j, x := range v {
		code[j] = uint8(math.Float64bits(float64(float64(x)*inverse[j])+wholes)) + 128
	}
}

// lostLength is how much of the length of a later row, 1, may be cut off because its
// values are larger than the scales: a score by its code is off by no more, and by a
// twentieth of that as a rule. Beyond, all codes are made anew.
const lostLength = 0.05

// clip returns v without what the scales do not hold, or false if that is too much.
func (c *codes) clip(v []float32) ([]float32, bool) {
	var clipped []float32
	var lost float64
	for j, x := range v {
		top := c.scale[j] * steps
		if math.Abs(float64(x)) <= top {
			continue
		}
		if clipped == nil {
			clipped = slices.Clone(v)
		}
		clipped[j] = float32(math.Copysign(top, float64(x)))
		lost += (math.Abs(float64(x)) - top) * (math.Abs(float64(x)) - top)
	}
	if clipped == nil {
		return v, true
	}
	return clipped, lost <= lostLength*lostLength
}

// grown returns c with codes of the last n rows of later behind them; c is of all the
// others, of vecs and later. It takes O(n) as a rule; where there is no spare room, a
// copy of all codes; when a row does not fit the scales, all codes are made anew.
func (c *codes) grown(vecs []float32, later [][]float32, n int) *codes {
	if n == 0 {
		return c
	}
	fresh := make([]uint8, 0, n*c.dims)
	inverse := c.inverse()
	for _, v := range later[len(later)-n:] {
		v, ok := c.clip(v)
		if !ok {
			return newCodes(vecs, later, c.dims)
		}
		fresh = fresh[:len(fresh)+c.dims]
		encode(fresh[len(fresh)-c.dims:], v, inverse)
	}
	next := *c
	if c.spare.take(len(c.rows), len(fresh), cap(c.rows)) {
		next.rows = c.rows[:len(c.rows)+len(fresh)]
		copy(next.rows[len(c.rows):], fresh)
		return &next
	}
	next.spare = &spare{}
	next.rows = make([]uint8, 0, len(c.rows)+len(fresh)+len(c.rows)/spareShare)
	next.rows = append(append(next.rows, c.rows...), fresh...)
	next.spare.end.Store(int64(len(next.rows)))
	return &next
}

// spareShare: codes that are copied to make room get room for one row in so many.
const spareShare = 16

// picked returns the codes of the given rows.
func (c *codes) picked(rows []uint32) *codes {
	next := &codes{dims: c.dims, scale: c.scale, spare: &spare{}, rows: make([]uint8, 0, len(rows)*c.dims)}
	for _, row := range rows {
		next.rows = append(next.rows, c.row(row)...)
	}
	return next
}

// A spare is the room behind codes that several indexes share. Each sees the codes up
// to its own length; of two that were made from one, only the first may write behind
// that.
type spare struct {
	end atomic.Int64 // as far as the room is taken; 0 at first
}

// take takes n bytes behind the first length, if they are free and within capacity.
func (s *spare) take(length, n, capacity int) bool {
	if length+n > capacity {
		return false
	}
	return s.end.CompareAndSwap(int64(length), int64(length+n))
}
