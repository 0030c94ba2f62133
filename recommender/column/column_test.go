package column_test

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/recommender/column"
)

// A file has one column of each sort.
type file struct {
	F32   []float32
	F64   []float64
	U32   []uint32
	I32   []int32
	I64   []int64
	U16   []uint16
	Bytes []byte
	Bools []bool
	Texts []catalog.MovieID
}

func (f file) encode() []byte {
	var e column.Encoder
	e.Float32s(f.F32)
	e.Float64s(f.F64)
	e.Uint32s(f.U32)
	e.Int32s(f.I32)
	e.Int64s(f.I64)
	e.Uint16s(f.U16)
	e.Bytes(f.Bytes)
	e.Bools(f.Bools)
	column.EncodeStrings(&e, f.Texts)
	return e.Data
}

func decode(data []byte) (f file, err error) {
	d := column.NewDecoder(data)
	f = file{
		F32: d.Float32s(), F64: d.Float64s(), U32: d.Uint32s(), I32: d.Int32s(), I64: d.Int64s(), U16: d.Uint16s(),
		Bytes: d.Bytes(), Bools: d.Bools(), Texts: column.DecodeStrings[catalog.MovieID](d),
	}
	return f, d.Finish()
}

func drawn(t *rapid.T) file {
	return file{
		F32: rapid.SliceOf(rapid.Float32()).Draw(t, "f32"), F64: rapid.SliceOf(rapid.Float64()).Draw(t, "f64"),
		U32: rapid.SliceOf(rapid.Uint32()).Draw(t, "u32"), I32: rapid.SliceOf(rapid.Int32()).Draw(t, "i32"),
		I64: rapid.SliceOf(rapid.Int64()).Draw(t, "i64"), U16: rapid.SliceOf(rapid.Uint16()).Draw(t, "u16"),
		Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), Bools: rapid.SliceOf(rapid.Bool()).Draw(t, "bools"),
		Texts: rapid.SliceOf(rapid.Map(rapid.String(), func(s string) catalog.MovieID { return catalog.MovieID(s) })).Draw(t, "texts"),
	}
}

// same compares what was written with what was read; no values are as good as none.
func same(a, b file) bool {
	return slices.Equal(a.F32, b.F32) && slices.Equal(a.F64, b.F64) && slices.Equal(a.U32, b.U32) && slices.Equal(a.I32, b.I32) && slices.Equal(a.I64, b.I64) &&
		slices.Equal(a.U16, b.U16) && slices.Equal(a.Bytes, b.Bytes) && slices.Equal(a.Bools, b.Bools) && slices.Equal(a.Texts, b.Texts)
}

// Columns come back as they were written, whatever they hold, and what was read
// writes the same bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawn(t)
		data := want.encode()
		before := slices.Clone(data)
		got, err := decode(data)
		if err != nil || !same(got, want) {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
		if !slices.Equal(got.encode(), data) || !slices.Equal(data, before) {
			t.Fatal("what was read writes other bytes, or reading changed them")
		}
	})
}

// Numbers keep their bits: infinities, NaN with what it carries, and minus zero.
func TestBitsOfNumbers(t *testing.T) {
	f32 := []uint32{0x7f800000, 0xff800000, 0x7fc00001, 0x80000000, 1}
	f64 := []uint64{0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 1 << 63, 1}
	var in file
	for i := range f32 {
		in.F32 = append(in.F32, math.Float32frombits(f32[i]))
		in.F64 = append(in.F64, math.Float64frombits(f64[i]))
	}
	out, err := decode(in.encode())
	if err != nil {
		t.Fatal(err)
	}
	for i := range f32 {
		if math.Float32bits(out.F32[i]) != f32[i] || math.Float64bits(out.F64[i]) != f64[i] {
			t.Errorf("number %d: %x and %x, want %x and %x", i, math.Float32bits(out.F32[i]), math.Float64bits(out.F64[i]), f32[i], f64[i])
		}
	}
}

// A file that was cut anywhere, or that has something behind its end, is broken.
func TestCutFiles(t *testing.T) {
	data := file{F32: []float32{1}, F64: []float64{2}, U32: []uint32{3}, I32: []int32{-4}, I64: []int64{-5}, U16: []uint16{6}, Bytes: []byte("7"), Bools: []bool{true}, Texts: []catalog.MovieID{"eight", ""}}.encode()
	for n := range len(data) {
		if _, err := decode(data[:n]); !errors.Is(err, column.ErrBroken) {
			t.Errorf("cut after %d of %d bytes: %v, want ErrBroken", n, len(data), err)
		}
	}
	if _, err := decode(append(slices.Clone(data), 0)); !errors.Is(err, column.ErrBroken) {
		t.Errorf("with a byte behind its end: %v, want ErrBroken", err)
	}
}

// After the first fault every column is empty, and the first fault is what is told.
func TestFirstFault(t *testing.T) {
	d := column.NewDecoder([]byte{9, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3})
	if got := d.Uint32s(); len(got) != 0 {
		t.Errorf("nine values of three bytes: %v", got)
	}
	if got := d.Bytes(); len(got) != 0 || len(d.Float64s()) != 0 || len(column.DecodeStrings[string](d)) != 0 {
		t.Errorf("behind a fault: %v", got)
	}
	if err := d.Finish(); !errors.Is(err, column.ErrBroken) || !strings.Contains(err.Error(), "9 values of 4 bytes, 3 bytes left") {
		t.Errorf("error %v, want the first", err)
	}
}

// A length that promises more than there is costs nothing.
func TestLongPromises(t *testing.T) {
	for _, count := range [][]byte{{0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0}, {0, 0, 0, 0x80, 0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
		data := append(slices.Clone(count), 1, 2, 3, 4)
		n := testing.AllocsPerRun(1, func() {
			if _, err := decode(data); !errors.Is(err, column.ErrBroken) {
				t.Errorf("%v: error %v", count, err)
			}
		})
		if n > 20 {
			t.Errorf("%v: %v allocations", count, n)
		}
	}
	// Texts that are each too long, and together longer than what is left.
	for _, l := range []byte{0x7f, 0x00} {
		data := []byte{2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, l, 5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'}
		d := column.NewDecoder(data)
		if got := column.DecodeStrings[string](d); got != nil || !errors.Is(d.Finish(), column.ErrBroken) {
			t.Errorf("texts %q, %v; want ErrBroken", got, d.Finish())
		}
	}
}

// The longest text that a catalog may hold comes back.
func TestLongestText(t *testing.T) {
	longest := []string{strings.Repeat("x", catalog.MaxTextBytes)}
	var e column.Encoder
	column.EncodeStrings(&e, longest)
	d := column.NewDecoder(e.Data)
	if got := column.DecodeStrings[string](d); !slices.Equal(got, longest) || d.Finish() != nil {
		t.Errorf("the longest text did not come back: %v", d.Finish())
	}
}

// What is read shares nothing with the bytes it was read from.
func TestReadIsACopy(t *testing.T) {
	want := file{F32: []float32{1}, Bytes: []byte("abc"), Texts: []catalog.MovieID{"m"}}
	data := want.encode()
	got, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if !same(got, want) {
		t.Errorf("%+v after its bytes were cleared, want %+v", got, want)
	}
}

// Rubbish is an error or columns that come back, and never a panic.
func FuzzDecode(f *testing.F) {
	f.Add(file{}.encode())
	f.Add(file{F32: []float32{1, 2}, Bytes: []byte("abc"), Bools: []bool{true, false}, Texts: []catalog.MovieID{"a", "bc", ""}}.encode())
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode(data)
		if err != nil {
			if !errors.Is(err, column.ErrBroken) {
				t.Fatalf("error %v, want ErrBroken", err)
			}
			return
		}
		again, err := decode(got.encode())
		if err != nil {
			t.Fatal(err)
		}
		if again.F32, got.F32 = nil, nil; !reflect.DeepEqual(bits(again), bits(got)) { // NaN is not itself
			t.Fatalf("%+v came back as %+v", got, again)
		}
	})
}

// bits returns f with its numbers as integers.
func bits(f file) any {
	var out []uint64
	for _, v := range f.F64 {
		out = append(out, math.Float64bits(v))
	}
	f.F64 = nil
	return []any{f, out}
}
