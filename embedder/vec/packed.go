package vec

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Packed is a matrix whose rows are bytes: a value is a byte times the scale of its
// row, and each row has a bias beside it. A row of 100 values takes two lines of memory,
// where float32 takes seven, which is what counts for rows that lie anywhere in a matrix
// that no cache holds ([Packed.Dots], BenchmarkPackedDots).
//
// A row is whole lines of 64 bytes: a byte for each value, then bytes of 16 times the
// worth for as many of the first values as there is room for, then scale and bias. So the
// columns that hold most should be the first: where those alone are large, the scale need
// not be. The scale is a 127th of the largest value with one byte, or a 2,032nd of the
// largest with two if that is more; a value is off by half of it at most.
type Packed struct {
	dims   int     // values of a row
	wide   int     // of them with a second byte
	stride int     // bytes of a row
	bytes  []uint8 // [rows x stride]
}

const (
	packedLine    = 64
	packedTrailer = 8     // bytes of scale and bias, at the end of a row
	worth         = 16    // of a second byte, in first ones
	leastScale    = 1e-30 // of a row; below it all values are taken for 0
)

// PackedBytes returns the length of a packed row of dims values.
func PackedBytes(dims int) int {
	return (dims + packedTrailer + packedLine - 1) / packedLine * packedLine
}

// NewPacked returns a matrix of rows of dims values, 1 or more, in memory, of
// [PackedBytes] for each. Memory of zeros makes rows of zeros; [Packed.Set] sets them.
func NewPacked(memory []uint8, dims int) Packed {
	if dims < 1 || len(memory)%PackedBytes(dims) != 0 {
		panic(fmt.Sprintf("vec: NewPacked of %d bytes as rows of %d values, want 1 or more and a multiple of %d bytes", len(memory), dims, PackedBytes(max(1, dims))))
	}
	stride := PackedBytes(dims)
	return Packed{dims: dims, wide: min(dims, stride-packedTrailer-dims), stride: stride, bytes: memory}
}

// Len returns the number of rows.
func (p Packed) Len() int { return len(p.bytes) / p.stride }

// Bytes returns the memory of p.
func (p Packed) Bytes() []uint8 { return p.bytes }

// Set packs row, of finite values, as row i, with its bias.
func (p Packed) Set(i int, row []float32, bias float32) {
	if len(row) != p.dims {
		panic(fmt.Sprintf("vec: Packed.Set of %d values, want %d", len(row), p.dims))
	}
	to := p.bytes[i*p.stride:][:p.stride]
	scale := max(absMost(row[p.wide:])/127, absMost(row[:p.wide])/(127*worth))
	if !(scale > leastScale) {
		scale = 0
	}
	tail := to[p.stride-packedTrailer:]
	binary.LittleEndian.PutUint32(tail, math.Float32bits(scale))
	binary.LittleEndian.PutUint32(tail[4:], math.Float32bits(bias))
	inverse := 1 / float64(scale)
	if scale == 0 {
		inverse = 0
	}
	for j, v := range row {
		steps := math.RoundToEven(float64(v) * inverse)
		if j < p.wide {
			second := math.RoundToEven(steps / worth)
			to[p.dims+j] = uint8(int8(second))
			steps -= second * worth
		}
		to[j] = uint8(int8(steps))
	}
}

// Bias returns the bias of row i.
func (p Packed) Bias(i uint32) float32 {
	at := (int(i) + 1) * p.stride
	return math.Float32frombits(binary.LittleEndian.Uint32(p.bytes[at-4:]))
}

// A PackedQuery is a vector in the form that [Packed.Dots] wants: 16 bits a value.
type PackedQuery struct {
	values []int16 // [stride]: those of the values, of the second bytes, and zeros
	scale  float32
}

// Query makes q of x for the rows of p. It allocates if q was
// not made before for rows like those.
func (p Packed) Query(q *PackedQuery, x []float32) {
	if len(x) != p.dims {
		panic(fmt.Sprintf("vec: Packed.Query of %d values, want %d", len(x), p.dims))
	}
	if len(q.values) != p.stride {
		q.values = make([]int16, p.stride)
	}
	most := max(absMost(x[p.wide:]), worth*absMost(x[:p.wide]))
	if !(most > leastScale) {
		q.scale = 0
		clear(q.values)
		return
	}
	steps := p.steps() / most
	q.scale = 1 / steps
	roundTo(q.values[:p.dims], x, steps)
	roundTo(q.values[p.dims:p.dims+p.wide], x[:p.wide], steps*worth)
	clear(q.values[p.dims+p.wide:])
}

// steps is the largest value of a query: what 16 bits hold, or less where a sum of so
// many products could leave 32.
func (p Packed) steps() float32 { return float32(min(1<<15-1, 1<<24/p.stride-1)) }

// Dots writes to dst, [len(picks)], the inner product of the query with each
// of the rows whose numbers are in picks, plus the row's bias and shift. Sums are exact
// but for the rounding of rows and query, so that every path gives the same. It asks
// memory for rows before it needs them.
func (p Packed) Dots(dst []float32, q *PackedQuery, picks []uint32, shift float32) {
	if len(dst) != len(picks) || len(q.values) != p.stride {
		panic(fmt.Sprintf("vec: Packed.Dots of %d picks to %d results, with a query of %d for rows of %d bytes", len(picks), len(dst), len(q.values), p.stride))
	}
	if len(picks) == 0 {
		return
	}
	p.check(picks)
	packedDots(dst, q.values, p.bytes, picks, q.scale, shift)
}

// Add adds the rows whose numbers are in picks, each times its weight, to the first
// values of sum, as many as a row has. sum has [PackedBytes] values; those behind are
// scratch.
func (p Packed) Add(sum []float32, picks []uint32, weights []float32) {
	if len(weights) != len(picks) || len(sum) != p.stride {
		panic(fmt.Sprintf("vec: Packed.Add of %d picks and %d weights to %d values, want %d values", len(picks), len(weights), len(sum), p.stride))
	}
	if len(picks) == 0 {
		return
	}
	p.check(picks)
	clear(sum[p.dims:])
	packedAdd(sum, weights, p.bytes, picks)
	axpy(worth, sum[p.dims:p.dims+p.wide], sum[:p.wide])
}

// check panics where a row is not there. There is at least one pick.
func (p Packed) check(picks []uint32) {
	last, other := uint32(0), uint32(0) // two, since one would wait for itself
	for ; len(picks) >= 2; picks = picks[2:] {
		last, other = max(last, picks[0]), max(other, picks[1])
	}
	for _, pick := range picks {
		last = max(last, pick)
	}
	if last = max(last, other); int(last) >= p.Len() {
		panic(fmt.Sprintf("vec: row %d of a Packed, want one of its %d rows", last, p.Len()))
	}
}

// absMost returns the largest magnitude in x.
func absMost(x []float32) float32 {
	most := uint32(0) // bits of magnitudes are ordered as they are
	for _, v := range x {
		most = max(most, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(most)
}

func packedDotsGo(dst []float32, q []int16, rows []uint8, picks []uint32, scale, shift float32) {
	stride := len(q)
	for i, pick := range picks {
		row := rows[int(pick)*stride:][:stride]
		sum := int32(0)
		for j, v := range row {
			sum += int32(int8(v)) * int32(q[j])
		}
		own, bias := packedTail(row)
		product := float32(float32(sum) * own)
		product = float32(product * scale) // rounded, not fused with what follows
		dst[i] = float32(product+bias) + shift
	}
}

// packedTail returns scale and bias of a row.
func packedTail(row []uint8) (scale, bias float32) {
	tail := row[len(row)-packedTrailer:]
	return math.Float32frombits(binary.LittleEndian.Uint32(tail)), math.Float32frombits(binary.LittleEndian.Uint32(tail[4:]))
}

func packedAddGo(sum, weights []float32, rows []uint8, picks []uint32) {
	stride := len(sum)
	for i, pick := range picks {
		row := rows[int(pick)*stride:][:stride]
		scale, _ := packedTail(row)
		by := scale * weights[i]
		for j, v := range row {
			sum[j] += by * float32(int8(v))
		}
	}
}

func roundToGo(q []int16, x []float32, by float32) {
	for i, v := range x {
		q[i] = int16(max(-1<<15, min(1<<15-1, math.RoundToEven(float64(v*by)))))
	}
}
