package bundle

import (
	"encoding/binary"
	"fmt"
	"math"

	"marquee/catalog"
)

// The columns of a file stand one after the other: a little-endian uint64 with
// the number of values, then the values. An encoder appends them; a decoder
// checks every length against what is left before it allocates.

type encoder struct{ data []byte }

func (e *encoder) count(n int) { e.data = binary.LittleEndian.AppendUint64(e.data, uint64(n)) }

func (e *encoder) float32s(values []float32) {
	e.count(len(values))
	for _, v := range values {
		e.data = binary.LittleEndian.AppendUint32(e.data, math.Float32bits(v))
	}
}

func (e *encoder) uint32s(values []uint32) {
	e.count(len(values))
	for _, v := range values {
		e.data = binary.LittleEndian.AppendUint32(e.data, v)
	}
}

func (e *encoder) int32s(values []int32) {
	e.count(len(values))
	for _, v := range values {
		e.data = binary.LittleEndian.AppendUint32(e.data, uint32(v))
	}
}

func (e *encoder) uint16s(values []uint16) {
	e.count(len(values))
	for _, v := range values {
		e.data = binary.LittleEndian.AppendUint16(e.data, v)
	}
}

func (e *encoder) bytes(values []byte) {
	e.count(len(values))
	e.data = append(e.data, values...)
}

func (e *encoder) bools(values []bool) {
	e.count(len(values))
	for _, v := range values {
		if v {
			e.data = append(e.data, 1)
		} else {
			e.data = append(e.data, 0)
		}
	}
}

// encodeStrings appends values as their lengths and their joined bytes.
func encodeStrings[S ~string](e *encoder, values []S) {
	e.count(len(values))
	for _, v := range values {
		e.data = binary.LittleEndian.AppendUint32(e.data, uint32(len(v)))
	}
	for _, v := range values {
		e.data = append(e.data, v...)
	}
}

type decoder struct {
	data []byte
	err  error
}

// take returns the next n*size bytes, or nil after an error.
func (d *decoder) take(n, size int) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > len(d.data)/size {
		d.err = fmt.Errorf("column of %d values of %d bytes, %d bytes left: %w", n, size, len(d.data), ErrBroken)
		return nil
	}
	out := d.data[:n*size]
	d.data = d.data[n*size:]
	return out
}

func (d *decoder) count() int {
	b := d.take(1, 8)
	if b == nil {
		return 0
	}
	n := binary.LittleEndian.Uint64(b)
	if n > math.MaxInt32 {
		d.err = fmt.Errorf("column of %d values, want at most %d: %w", n, math.MaxInt32, ErrBroken)
		return 0
	}
	return int(n)
}

func (d *decoder) float32s() []float32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func (d *decoder) uint32s() []uint32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

func (d *decoder) int32s() []int32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]int32, len(b)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func (d *decoder) uint16s() []uint16 {
	n := d.count()
	b := d.take(n, 2)
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out
}

func (d *decoder) bytes() []byte {
	n := d.count()
	return append([]byte(nil), d.take(n, 1)...)
}

func (d *decoder) bools() []bool {
	n := d.count()
	b := d.take(n, 1)
	out := make([]bool, len(b))
	for i, v := range b {
		out[i] = v != 0
	}
	return out
}

// decodeStrings reads what encodeStrings wrote. All strings share one backing
// array.
func decodeStrings[S ~string](d *decoder) []S {
	n := d.count()
	lengths := d.take(n, 4)
	total := 0
	for i := range len(lengths) / 4 {
		l := int(binary.LittleEndian.Uint32(lengths[4*i:]))
		if l > catalog.MaxTextBytes {
			d.err = fmt.Errorf("text of %d bytes, want at most %d: %w", l, catalog.MaxTextBytes, ErrBroken)
			return nil
		}
		total += l
	}
	all := string(d.take(total, 1))
	if d.err != nil {
		return nil
	}
	out := make([]S, len(lengths)/4)
	at := 0
	for i := range out {
		l := int(binary.LittleEndian.Uint32(lengths[4*i:]))
		out[i] = S(all[at : at+l])
		at += l
	}
	return out
}

// finish returns the first error, or one for bytes that are left over.
func (d *decoder) finish() error {
	if d.err == nil && len(d.data) > 0 {
		d.err = fmt.Errorf("%d bytes behind the last column: %w", len(d.data), ErrBroken)
	}
	return d.err
}
