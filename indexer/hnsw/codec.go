package hnsw

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"marquee/indexer"
)

// ErrFormat reports bytes that are no graph, or not the graph of the vectors it
// was read with.
var ErrFormat = errors.New("not a graph of these vectors")

// magic begins every graph; its last byte is the version of the format.
const magic = "mqhnsw\x00\x01"

// A header stands after the magic. All numbers of the format are little-endian;
// the CRCs are of Castagnoli's polynomial.
type header struct {
	M, EfConstruction, Ef uint32
	Dims                  uint32
	Rows                  uint64
	Seed                  uint64
	Vectors               uint32 // CRC of the vectors
}

// WriteTo writes the graph without the vectors, and returns the bytes written:
// magic, header, the lists of each row that is not all zeros, in ascending order
// and from level 0 up (a uint16 count, then uint32 rows), and a CRC of all that.
// Levels are not written; they follow from the seed. The same index gives the
// same bytes. An index that took changes is not written, the error wraps [ErrChanged]:
// keep the one that it was made from, and the later rows.
func (x *Index) WriteTo(w io.Writer) (int64, error) {
	if x.changed() {
		return 0, fmt.Errorf("write hnsw graph: %w; write the one that was built, and keep the later rows", ErrChanged)
	}
	sum := crc32.New(castagnoli())
	counted := &counter{w: w}
	buffered := bufio.NewWriterSize(counted, 1<<16)
	out := io.MultiWriter(buffered, sum)
	err := x.write(out)
	if err == nil {
		err = binary.Write(buffered, binary.LittleEndian, sum.Sum32())
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return counted.n, fmt.Errorf("write hnsw graph of %d rows: %w", x.Len(), err)
	}
	return counted.n, nil
}

func (x *Index) write(w io.Writer) error {
	if _, err := io.WriteString(w, magic); err != nil {
		return err
	}
	h := header{
		M:              uint32(x.cfg.M),
		EfConstruction: uint32(x.cfg.EfConstruction),
		Ef:             uint32(x.cfg.Ef),
		Dims:           uint32(x.dims),
		Rows:           uint64(x.Len()),
		Seed:           x.cfg.Seed,
		Vectors:        checksum(x.vecs),
	}
	if err := binary.Write(w, binary.LittleEndian, h); err != nil {
		return err
	}
	var buf []byte
	for row := range uint32(x.Len()) {
		if !x.graph.has(row) {
			continue
		}
		buf = buf[:0]
		for level := range int(x.graph.levels[row]) + 1 {
			links := x.graph.links(row, level)
			buf = binary.LittleEndian.AppendUint16(buf, uint16(len(links)))
			for _, link := range links {
				buf = binary.LittleEndian.AppendUint32(buf, link)
			}
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// Read reads a graph written by [Index.WriteTo] and returns the index of it and
// vecs, [rows x dims], which must be the vectors it was built over, to the bit;
// they are shared. It allocates at most some 4 KB a row, whatever r says. Errors wrap [ErrFormat], indexer.ErrDims or indexer.ErrRow, or are r's.
// Bytes after the graph stay unread, but r may have been read ahead.
func Read(r io.Reader, vecs []float32, dims int) (*Index, error) {
	if err := indexer.CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	in := &reader{r: bufio.NewReaderSize(r, 1<<16), sum: crc32.New(castagnoli())}
	cfg, err := in.header(vecs, dims)
	if err != nil {
		return nil, fmt.Errorf("read hnsw graph: %w", err)
	}
	x := empty(vecs, dims, cfg)
	for _, row := range x.rowsWithout(nil) {
		x.graph.enter(row, cfg.level(row))
	}
	for row := range uint32(x.Len()) {
		if !x.graph.has(row) {
			continue
		}
		for level := range int(x.graph.levels[row]) + 1 {
			if err := in.list(x.graph, row, level); err != nil {
				return nil, fmt.Errorf("read hnsw graph: links of row %d, level %d: %w", row, level, err)
			}
		}
	}
	if err := in.end(); err != nil {
		return nil, fmt.Errorf("read hnsw graph: %w", err)
	}
	return x, nil
}

// A reader reads the parts of a graph and checks each.
type reader struct {
	r   *bufio.Reader
	sum hash.Hash32
	buf []byte
}

// next reads n bytes; they are good until the next call.
func (in *reader) next(n int) ([]byte, error) {
	if cap(in.buf) < n {
		in.buf = make([]byte, n)
	}
	buf := in.buf[:n]
	if _, err := io.ReadFull(in.r, buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("it ends early: %w", ErrFormat)
		}
		return nil, err
	}
	in.sum.Write(buf)
	return buf, nil
}

func (in *reader) header(vecs []float32, dims int) (Config, error) {
	buf, err := in.next(len(magic))
	if err != nil {
		return Config{}, err
	}
	if string(buf) != magic {
		return Config{}, fmt.Errorf("begins with %q, want %q: %w", buf, magic, ErrFormat)
	}
	var h header
	if buf, err = in.next(binary.Size(h)); err != nil {
		return Config{}, err
	}
	if _, err := binary.Decode(buf, binary.LittleEndian, &h); err != nil {
		return Config{}, err
	}
	if h.Rows != uint64(len(vecs)/dims) || int64(h.Dims) != int64(dims) {
		return Config{}, fmt.Errorf("is of %d x %d vectors, given are %d x %d: %w", h.Rows, h.Dims, len(vecs)/dims, dims, ErrFormat)
	}
	cfg := Config{M: int(h.M), EfConstruction: int(h.EfConstruction), Ef: int(h.Ef), Seed: h.Seed}
	if err := cfg.Validate(); err != nil {
		return Config{}, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	if sum := checksum(vecs); h.Vectors != sum {
		return Config{}, fmt.Errorf("was built over vectors of CRC %08x, given are %08x: %w", h.Vectors, sum, ErrFormat)
	}
	return cfg, nil
}

// list reads the links of one row on one level.
func (in *reader) list(g *graph, row uint32, level int) error {
	buf, err := in.next(2)
	if err != nil {
		return err
	}
	n, slot := int(binary.LittleEndian.Uint16(buf)), g.slot(row, level)
	if n > len(slot) {
		return fmt.Errorf("%d links, want at most %d: %w", n, len(slot), ErrFormat)
	}
	if buf, err = in.next(4 * n); err != nil {
		return err
	}
	for i := range n {
		link := binary.LittleEndian.Uint32(buf[4*i:])
		if uint64(link) >= uint64(len(g.levels)) || !g.has(link) || int(g.levels[link]) < level || link == row {
			return fmt.Errorf("link to row %d, which has no such level: %w", link, ErrFormat)
		}
		slot[i] = link
	}
	return nil
}

// end compares the checksum.
func (in *reader) end() error {
	want := in.sum.Sum32()
	buf, err := in.next(4)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(buf); got != want {
		return fmt.Errorf("checksum is %08x, of the contents %08x: %w", got, want, ErrFormat)
	}
	return nil
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// sumValues is how many values are summed up at once.
const sumValues = 4096

// checksum returns the CRC of the bits of vecs, the lowest byte of each first.
func checksum(vecs []float32) uint32 {
	table := castagnoli()
	var sum uint32
	var buf [4 * sumValues]byte
	for part := range slices.Chunk(vecs, sumValues) {
		bytes := buf[:0:len(buf)]
		for len(part) >= 4 {
			b := bytes[len(bytes) : len(bytes)+16 : len(bytes)+16]
			binary.LittleEndian.PutUint32(b[0:], math.Float32bits(part[0]))
			binary.LittleEndian.PutUint32(b[4:], math.Float32bits(part[1]))
			binary.LittleEndian.PutUint32(b[8:], math.Float32bits(part[2]))
			binary.LittleEndian.PutUint32(b[12:], math.Float32bits(part[3]))
			bytes, part = bytes[:len(bytes)+16], part[4:]
		}
		for _, v := range part {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
		}
		sum = crc32.Update(sum, table, bytes)
	}
	return sum
}

// A counter counts the bytes that w took.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
