package indexer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A table file holds, all little-endian:
//
//	8 bytes             tableMagic; the last of them is the version
//	uint32              k
//	uint32              rows
//	rows   x uint32     number of neighbours of each row
//	sum of those x      uint32 row, float32 score
//	uint32              CRC-32C of all of the above
const (
	tableMagic  = "mqneigh\x01"
	tableHeader = len(tableMagic) + 8
	entryBytes  = 8
)

// tableChunk is how much is read or written at once. A multiple of entryBytes.
const tableChunk = 1 << 16

// For how many rows and entries a reader makes room on a file's word alone (0.5
// and 32 MB); beyond that, room grows with what has been read.
const (
	trustRows    = 1 << 16
	trustEntries = 1 << 22
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteTo writes t for [ReadTable] and returns how many bytes that were: 16, 4 a
// row, 8 a neighbour, and 4. Equal tables give equal bytes.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	out := &tableWriter{w: w, buf: make([]byte, 0, tableChunk)}
	out.buf = append(out.buf, tableMagic...)
	out.uint32(uint32(t.k))
	out.uint32(uint32(t.Rows()))
	for row := range t.Rows() {
		out.uint32(uint32(len(t.Of(uint32(row)))))
	}
	for row := range t.Rows() {
		for _, n := range t.Of(uint32(row)) {
			out.uint32(n.Row)
			out.uint32(math.Float32bits(n.Score))
		}
	}
	out.flush()
	out.uint32(out.sum)
	out.flush()
	if out.err != nil {
		return out.n, fmt.Errorf("write neighbour table: %w", out.err)
	}
	return out.n, nil
}

// A tableWriter collects words, sums them up and writes them by the chunk. After
// an error it writes nothing more.
type tableWriter struct {
	w   io.Writer
	buf []byte
	sum uint32
	n   int64
	err error
}

func (t *tableWriter) uint32(v uint32) {
	t.buf = binary.LittleEndian.AppendUint32(t.buf, v)
	if len(t.buf) >= tableChunk {
		t.flush()
	}
}

func (t *tableWriter) flush() {
	t.sum = crc32.Update(t.sum, castagnoli, t.buf)
	if t.err == nil {
		var n int
		n, t.err = t.w.Write(t.buf)
		t.n += int64(n)
	}
	t.buf = t.buf[:0]
}

// ReadTable reads what [Table.WriteTo] wrote, to the end of r. It believes
// nothing: the checksum, and then every promise of a [Table], are checked. The
// error of anything else than a whole table wraps [ErrTable]; an error of r comes
// back wrapped. A table of 27,000 rows of 100 takes some 20 ms
// (BenchmarkReadTable); what it allocates is bounded by what it reads, and 33 MB.
func ReadTable(r io.Reader) (*Table, error) {
	in := &tableReader{r: r, buf: make([]byte, tableChunk)}
	t, err := in.table()
	if err == nil {
		err = in.end()
	}
	if err == nil {
		err = t.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("read neighbour table: %w", err)
	}
	return t, nil
}

// A tableReader reads words by the chunk and sums them up.
type tableReader struct {
	r   io.Reader
	buf []byte
	sum uint32
	n   int64 // bytes read
}

// next returns the next n bytes, at most tableChunk; they are good until the next
// call.
func (t *tableReader) next(n int) ([]byte, error) {
	got, err := io.ReadFull(t.r, t.buf[:n])
	t.n += int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("it ends after %d bytes, in the middle; build it anew: %w", t.n, ErrTable)
	}
	if err != nil {
		return nil, err
	}
	t.sum = crc32.Update(t.sum, castagnoli, t.buf[:n])
	return t.buf[:n], nil
}

func (t *tableReader) table() (*Table, error) {
	head, err := t.next(tableHeader)
	if err != nil {
		return nil, err
	}
	if magic := string(head[:len(tableMagic)]); magic != tableMagic {
		return nil, fmt.Errorf("it begins with %q, want %q: %w", magic, tableMagic, ErrTable)
	}
	k := binary.LittleEndian.Uint32(head[len(tableMagic):])
	rows := binary.LittleEndian.Uint32(head[len(tableMagic)+4:])
	if k < 1 || k > math.MaxInt32 || rows > math.MaxInt32 {
		return nil, fmt.Errorf("it has %d rows of %d neighbours, want at most %d of 1 to %d: %w", rows, k, math.MaxInt32, math.MaxInt32, ErrTable)
	}
	table := &Table{k: int(k)}
	if err := t.starts(table, int(rows)); err != nil {
		return nil, err
	}
	return table, t.entries(table)
}

// starts reads the number of neighbours of each row.
func (t *tableReader) starts(table *Table, rows int) error {
	most := max(0, min(table.k, rows-1))
	table.starts = make([]int, 1, min(rows, trustRows)+1)
	sum := 0
	for left := 4 * rows; left > 0; {
		chunk, err := t.next(min(left, tableChunk))
		if err != nil {
			return err
		}
		left -= len(chunk)
		for ; len(chunk) > 0; chunk = chunk[4:] {
			n := binary.LittleEndian.Uint32(chunk)
			if int64(n) > int64(most) {
				return fmt.Errorf("row %d has %d neighbours, want at most %d: %w", len(table.starts)-1, n, most, ErrTable)
			}
			sum += int(n)
			table.starts = append(table.starts, sum)
		}
	}
	return nil
}

// entries reads the neighbours of all rows.
func (t *tableReader) entries(table *Table) error {
	total := table.starts[table.Rows()]
	table.entries = make([]Neighbour, 0, min(total, trustEntries))
	for len(table.entries) < total {
		chunk, err := t.next(entryBytes * min(total-len(table.entries), tableChunk/entryBytes))
		if err != nil {
			return err
		}
		for ; len(chunk) > 0; chunk = chunk[entryBytes:] {
			table.entries = append(table.entries, Neighbour{
				Row:   binary.LittleEndian.Uint32(chunk),
				Score: math.Float32frombits(binary.LittleEndian.Uint32(chunk[4:])),
			})
		}
	}
	return nil
}

// end reads the checksum and sees that nothing follows.
func (t *tableReader) end() error {
	want := t.sum
	b, err := t.next(4)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(b); got != want {
		return fmt.Errorf("its checksum is %08x, its content has %08x; build it anew: %w", got, want, ErrTable)
	}
	n, err := io.ReadFull(t.r, t.buf[:1])
	if n > 0 {
		return fmt.Errorf("it goes on behind its end, byte %d: %w", t.n, ErrTable)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
