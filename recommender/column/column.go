// Package column writes and reads columns of numbers and texts: the files of a
// bundle. The columns of a file stand one after the other: a little-endian
// uint64 with the number of values, then the values. An [Encoder] appends them;
// a [Decoder] checks every length against what is left before it allocates, so
// that rubbish is an error and never a panic.
package column

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"marquee/catalog"
)

// ErrBroken reports bytes that are not the columns that were asked for.
var ErrBroken = errors.New("columns are broken")

// An Encoder appends columns to Data.
type Encoder struct{ Data []byte }

// count appends the number of values of a column.
func (e *Encoder) count(n int) { e.Data = binary.LittleEndian.AppendUint64(e.Data, uint64(n)) }

// Float32s appends a column.
func (e *Encoder) Float32s(values []float32) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint32(e.Data, math.Float32bits(v))
	}
}

// Uint32s appends a column.
func (e *Encoder) Uint32s(values []uint32) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint32(e.Data, v)
	}
}

// Int32s appends a column.
func (e *Encoder) Int32s(values []int32) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint32(e.Data, uint32(v))
	}
}

// Uint16s appends a column.
func (e *Encoder) Uint16s(values []uint16) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint16(e.Data, v)
	}
}

// Float64s appends a column.
func (e *Encoder) Float64s(values []float64) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint64(e.Data, math.Float64bits(v))
	}
}

// Int64s appends a column.
func (e *Encoder) Int64s(values []int64) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint64(e.Data, uint64(v))
	}
}

// Bytes appends a column.
func (e *Encoder) Bytes(values []byte) {
	e.count(len(values))
	e.Data = append(e.Data, values...)
}

// Bools appends a column.
func (e *Encoder) Bools(values []bool) {
	e.count(len(values))
	for _, v := range values {
		if v {
			e.Data = append(e.Data, 1)
		} else {
			e.Data = append(e.Data, 0)
		}
	}
}

// EncodeStrings appends values as their lengths and their joined bytes.
func EncodeStrings[S ~string](e *Encoder, values []S) {
	e.count(len(values))
	for _, v := range values {
		e.Data = binary.LittleEndian.AppendUint32(e.Data, uint32(len(v)))
	}
	for _, v := range values {
		e.Data = append(e.Data, v...)
	}
}

// A Decoder takes columns from what it was made with, in the order in which they
// were written. After the first fault it returns empty columns; [Decoder.Finish]
// has the error.
type Decoder struct {
	data []byte
	err  error
}

// NewDecoder returns a decoder of data, which it does not change.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

// take returns the next n*size bytes, or nil after an error.
func (d *Decoder) take(n, size int) []byte {
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

// count takes the number of values of a column.
func (d *Decoder) count() int {
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

// Float32s takes a column.
func (d *Decoder) Float32s() []float32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]float32, len(b)/4)
	Floats(out, b)
	return out
}

// Floats writes to out the values that [Encoder.Float32s] made bytes of, four of data
// each; data must hold at least as many. It is for columns that are too long to be
// held twice.
func Floats(out []float32, data []byte) {
	for len(out) >= 4 { // four at a time: one check of the bounds for all
		b := data[:16]
		out[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		out[1] = math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))
		out[2] = math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))
		out[3] = math.Float32frombits(binary.LittleEndian.Uint32(b[12:]))
		out, data = out[4:], data[16:]
	}
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
}

// Uint32s takes a column.
func (d *Decoder) Uint32s() []uint32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

// Int32s takes a column.
func (d *Decoder) Int32s() []int32 {
	n := d.count()
	b := d.take(n, 4)
	out := make([]int32, len(b)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// Uint16s takes a column.
func (d *Decoder) Uint16s() []uint16 {
	n := d.count()
	b := d.take(n, 2)
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out
}

// Float64s takes a column.
func (d *Decoder) Float64s() []float64 {
	n := d.count()
	b := d.take(n, 8)
	out := make([]float64, len(b)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

// Int64s takes a column.
func (d *Decoder) Int64s() []int64 {
	n := d.count()
	b := d.take(n, 8)
	out := make([]int64, len(b)/8)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

// Bytes takes a column.
func (d *Decoder) Bytes() []byte {
	n := d.count()
	return append([]byte(nil), d.take(n, 1)...)
}

// Bools takes a column.
func (d *Decoder) Bools() []bool {
	n := d.count()
	b := d.take(n, 1)
	out := make([]bool, len(b))
	for i, v := range b {
		out[i] = v != 0
	}
	return out
}

// DecodeStrings takes a column that EncodeStrings appended. All strings share one backing
// array.
func DecodeStrings[S ~string](d *Decoder) []S {
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

// More reports whether there are bytes that were not taken, and no error so far: columns
// that a later format added may follow.
func (d *Decoder) More() bool { return d.err == nil && len(d.data) > 0 }

// Finish returns the first error, or one for bytes that are left over.
func (d *Decoder) Finish() error {
	if d.err == nil && len(d.data) > 0 {
		d.err = fmt.Errorf("%d bytes behind the last column: %w", len(d.data), ErrBroken)
	}
	return d.err
}
