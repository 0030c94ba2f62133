package indexer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// encoded returns the bytes of table.
func encoded(t testing.TB, table *indexer.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := table.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d bytes and said %d, error %v", b.Len(), n, err)
	}
	return b.Bytes()
}

// same fails unless both tables have the same lists, to the bit.
func same(t testing.TB, got, want *indexer.Table) {
	t.Helper()
	if got.Rows() != want.Rows() || got.K() != want.K() {
		t.Fatalf("got %d rows of %d, want %d of %d", got.Rows(), got.K(), want.Rows(), want.K())
	}
	for row := range uint32(want.Rows()) {
		if !slices.Equal(got.Of(row), want.Of(row)) {
			t.Fatalf("row %d: got %v, want %v", row, got.Of(row), want.Of(row))
		}
	}
}

func TestTableOf(t *testing.T) {
	table := neighbours(t, []float32{1, 0, 1, 0, 0, 0, 0, 1}, 2, 5)
	for row, want := range [][]indexer.Neighbour{
		{{Row: 1, Score: 1}, {Row: 3}}, {{Row: 0, Score: 1}, {Row: 3}}, nil, {{Row: 0}, {Row: 1}}, nil, // 4 is not in the table
	} {
		if got := table.Of(uint32(row)); !slices.Equal(got, want) {
			t.Errorf("row %d: got %v, want %v", row, got, want)
		}
	}
	if got := table.Of(math.MaxUint32); got != nil {
		t.Errorf("row %d has neighbours %v", uint32(math.MaxUint32), got)
	}
	if n := testing.AllocsPerRun(10, func() { _ = table.Of(1) }); n != 0 {
		t.Errorf("Of allocates %v times", n)
	}
}

func TestTableRoundTrip(t *testing.T) {
	for _, c := range []struct{ rows, dims, k int }{{0, 4, 1}, {1, 4, 9}, {2, 4, 1}, {300, 8, 20}, {20000, 2, 1}, {1000, 4, 40}} {
		vecs := indexertest.Clustered(1, c.rows, c.dims)
		for row := 0; row < c.rows; row += 5 {
			clear(vecs[row*c.dims : (row+1)*c.dims])
		}
		want := neighbours(t, vecs, c.dims, c.k)
		b := encoded(t, want)
		for _, r := range []io.Reader{bytes.NewReader(b), iotest.HalfReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b))} {
			got, err := indexer.ReadTable(r)
			if err != nil {
				t.Fatalf("%v: %v", c, err)
			}
			same(t, got, want)
		}
	}
}

// Any bit flipped, any byte missing, any byte too many: refused.
func TestReadTableRefusesDamage(t *testing.T) {
	b := encoded(t, neighbours(t, indexertest.Clustered(1, 12, 4), 4, 3))
	refused := func(name string, b []byte) {
		t.Helper()
		if table, err := indexer.ReadTable(bytes.NewReader(b)); !errors.Is(err, indexer.ErrTable) || table != nil {
			t.Errorf("%s: got %v, error %v, want ErrTable", name, table, err)
		}
	}
	for i := range b {
		refused(fmt.Sprintf("%d bytes of %d", i, len(b)), b[:i])
		for bit := range 8 {
			b[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d flipped", bit, i), b)
			b[i] ^= 1 << bit
		}
	}
	refused("a byte too many", append(slices.Clone(b), 0))
	refused("text", []byte("movieId,title,genres\n1,Toy Story (1995),Animation\n"))
}

// A table is a forger's idea of a table file, with the right checksum.
type forged struct {
	k, rows uint32
	counts  []uint32
	entries []indexer.Neighbour
}

func (f forged) bytes() []byte {
	b := []byte("mqneigh\x01")
	b = binary.LittleEndian.AppendUint32(b, f.k)
	b = binary.LittleEndian.AppendUint32(b, f.rows)
	for _, n := range f.counts {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	for _, e := range f.entries {
		b = binary.LittleEndian.AppendUint32(b, e.Row)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(e.Score))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func TestReadTableRefusesForgeries(t *testing.T) {
	type list = []indexer.Neighbour
	counts := []uint32{2, 0, 0}
	for _, c := range []struct {
		name string
		f    forged
		want string // in the error; empty when it is a table
	}{
		{"a table", forged{2, 3, counts, list{{1, 0.5}, {2, 0.25}}}, ""},
		{"a tie", forged{2, 3, counts, list{{1, 0.5}, {2, 0.5}}}, ""},
		{"k 0", forged{0, 3, []uint32{0, 0, 0}, nil}, "neighbours"},
		{"rows beyond int32", forged{2, 1 << 31, nil, nil}, "rows"},
		{"more than k", forged{1, 3, counts, list{{1, 0.5}, {2, 0.25}}}, "at most 1"},
		{"more than rows", forged{9, 2, []uint32{2, 0}, list{{1, 0.5}, {1, 0.25}}}, "at most 1"},
		{"a row that is not", forged{2, 3, counts, list{{1, 0.5}, {3, 0.25}}}, "neighbour 3 of 3"},
		{"itself", forged{2, 3, counts, list{{0, 1}, {2, 0.25}}}, "its own"},
		{"twice", forged{2, 3, counts, list{{1, 0.5}, {1, 0.25}}}, "twice"},
		{"NaN", forged{2, 3, counts, list{{1, float32(math.NaN())}, {2, 0.25}}}, "NaN"},
		{"infinite", forged{2, 3, counts, list{{1, float32(math.Inf(1))}, {2, 0.25}}}, "Inf"},
		{"worst first", forged{2, 3, counts, list{{1, 0.25}, {2, 0.5}}}, "worse"},
		{"tie, highest row first", forged{2, 3, counts, list{{2, 0.5}, {1, 0.5}}}, "worse"},
		{"counts for more than there is", forged{1 << 30, 1 << 30, slices.Repeat([]uint32{1 << 29}, 1000), nil}, "in the middle"},
	} {
		table, err := indexer.ReadTable(bytes.NewReader(c.f.bytes()))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.Is(err, indexer.ErrTable) || table != nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, error %v, want ErrTable about %q", c.name, table, err, c.want)
		}
	}
}

// An error of the reader or writer is told as it is: the table may be well.
func TestTableFileErrors(t *testing.T) {
	table := neighbours(t, indexertest.Clustered(1, 50, 4), 4, 3)
	b := encoded(t, table)
	broken := errors.New("disk on fire")
	for _, at := range []int{0, 5, 30, 500, len(b)} {
		r := io.MultiReader(bytes.NewReader(b[:at]), iotest.ErrReader(broken))
		if _, err := indexer.ReadTable(r); !errors.Is(err, broken) || errors.Is(err, indexer.ErrTable) {
			t.Errorf("reading fails after %d bytes: %v, want %v", at, err, broken)
		}
		if n, err := table.WriteTo(&failing{at, broken}); !errors.Is(err, broken) && at < len(b) || n > int64(at) {
			t.Errorf("writing fails after %d bytes: %d, %v, want %v", at, n, err, broken)
		}
	}
}

// A failing writer takes left bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if len(p) <= f.left {
		f.left -= len(p)
		return len(p), nil
	}
	n := f.left
	f.left = 0
	return n, f.err
}

// FuzzReadTable: whatever is read without an error is a table, and is written as
// it was read. Seeds have the right checksum, and the fuzzer's bytes get one.
func FuzzReadTable(f *testing.F) {
	f.Add(encoded(f, neighbours(f, indexertest.Clustered(1, 12, 4), 4, 3)), false)
	f.Add(encoded(f, neighbours(f, nil, 4, 3)), false)
	f.Add([]byte("mqneigh\x01\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), true)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, b []byte, sum bool) {
		if sum {
			b = binary.LittleEndian.AppendUint32(slices.Clone(b), crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
		}
		table, err := indexer.ReadTable(bytes.NewReader(b))
		if err != nil {
			if table != nil || !errors.Is(err, indexer.ErrTable) {
				t.Fatalf("got %v, error %v", table, err)
			}
			return
		}
		for row := range uint32(table.Rows()) {
			for i, n := range table.Of(row) {
				if int(n.Row) >= table.Rows() || n.Row == row || i >= table.K() {
					t.Fatalf("row %d has neighbour %d: %v", row, i, n)
				}
			}
		}
		if again := encoded(t, table); !bytes.Equal(again, b) {
			t.Fatalf("read %x, wrote %x", b, again)
		}
	})
}

// BenchmarkReadTable: 27,000 rows of 100, from memory.
func BenchmarkReadTable(b *testing.B) {
	const rows, k = 27000, 100
	file := forged{k: k, rows: rows}
	for row := range uint32(rows) {
		file.counts = append(file.counts, k)
		for i := range uint32(k) {
			file.entries = append(file.entries, indexer.Neighbour{Row: (row + 1 + i*97) % rows, Score: 1 - float32(i)/k})
		}
	}
	data := file.bytes()
	b.Run(fmt.Sprintf("n=%d/k=%d", rows, k), func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, err := indexer.ReadTable(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
