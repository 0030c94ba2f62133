package coderhnsw

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"marquee/indexer"
)

// Read reads links written by [Index.WriteTo] and returns the index of them and
// vecs, [rows x dims], which must be the vectors it was built over, to the bit.
// The library keeps copies of the vectors, 4/3 of their size, besides; a rebuild
// would save them, but takes a hundred times as long. Rubbish gives an error that
// wraps [ErrFormat] and allocates some 20 KB a row at most; other errors wrap
// indexer.ErrDims, indexer.ErrRow or [ErrLibrary], or are r's.
func Read(r io.Reader, vecs []float32, dims int) (*Index, error) {
	if err := indexer.CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	head := make([]byte, len(magic)+binary.Size(header{}))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("read head of coderhnsw graph: %w", tooShort(err))
	}
	h, err := parseHeader(head, vecs, dims)
	if err != nil {
		return nil, fmt.Errorf("read coderhnsw graph: %w", err)
	}
	x := empty(vecs, dims, Config{M: int(h.M), EfSearch: int(h.EfSearch), Fetch: int(h.Fetch), Seed: h.Seed})
	if err := x.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("read coderhnsw graph: %w: %w", err, ErrFormat)
	}
	for _, row := range x.rowsWithout(nil) {
		x.enter(row)
	}
	layers, err := x.readLayers(r, h)
	if err != nil {
		return nil, fmt.Errorf("read coderhnsw graph: %w", err)
	}
	if err := x.load(layers); err != nil {
		return nil, fmt.Errorf("read coderhnsw graph: %w", err)
	}
	return x, nil
}

func parseHeader(head []byte, vecs []float32, dims int) (header, error) {
	var h header
	if string(head[:len(magic)]) != magic {
		return h, fmt.Errorf("begins with %q, want %q: %w", head[:len(magic)], magic, ErrFormat)
	}
	if _, err := binary.Decode(head[len(magic):], binary.LittleEndian, &h); err != nil {
		return h, err
	}
	if h.Rows != uint64(len(vecs)/dims) || int64(h.Dims) != int64(dims) {
		return h, fmt.Errorf("is of %d x %d vectors, given are %d x %d: %w", h.Rows, h.Dims, len(vecs)/dims, dims, ErrFormat)
	}
	if sum := checksum(vecs); h.Vectors != sum {
		return h, fmt.Errorf("was built over vectors of CRC %08x, given are %08x: %w", h.Vectors, sum, ErrFormat)
	}
	if h.Layers > maxLayers {
		return h, fmt.Errorf("%d layers, want at most %d: %w", h.Layers, maxLayers, ErrFormat)
	}
	return h, nil
}

func tooShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it ends early: %w", ErrFormat)
	}
	return err
}

// readLayers reads the body and checks all that the library trusts: every node is
// on the layer below, too, the lowest layer holds exactly the members, and every
// link leads to a node of its layer.
func (x *Index) readLayers(r io.Reader, h header) ([]layer, error) {
	in := &bodyReader{r: bufio.NewReaderSize(r, 1<<16), sum: h.sum()}
	if (h.Layers == 0) != (x.count == 0) {
		return nil, fmt.Errorf("%d layers for %d rows: %w", h.Layers, x.count, ErrFormat)
	}
	var layers []layer
	below := x.members
	for i := range int(h.Layers) {
		l, on, err := in.layer(x, below)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		if i == 0 && len(l) != x.count || len(l) == 0 {
			return nil, fmt.Errorf("layer %d has %d nodes of %d rows: %w", i, len(l), x.count, ErrFormat)
		}
		layers, below = append(layers, l), on
	}
	if in.sum != h.Body {
		return nil, fmt.Errorf("checksum is %08x, of the contents %08x: %w", h.Body, in.sum, ErrFormat)
	}
	return layers, nil
}

// A bodyReader reads numbers and their checksum.
type bodyReader struct {
	r   *bufio.Reader
	sum uint32
}

func (in *bodyReader) uint32() (uint32, error) {
	var buf [4]byte
	if _, err := io.ReadFull(in.r, buf[:]); err != nil {
		return 0, tooShort(err)
	}
	in.sum = crc32.Update(in.sum, castagnoli(), buf[:])
	return binary.LittleEndian.Uint32(buf[:]), nil
}

// layer reads one layer, whose nodes are among below, and returns it with the set
// of its own nodes.
func (in *bodyReader) layer(x *Index, below []uint64) (layer, []uint64, error) {
	count, err := in.uint32()
	if err != nil {
		return nil, nil, err
	}
	if int64(count) > int64(x.count) {
		return nil, nil, fmt.Errorf("%d nodes of %d rows: %w", count, x.count, ErrFormat)
	}
	var l layer
	on := make([]uint64, len(x.members))
	for range count {
		n, err := in.node(x)
		if err != nil {
			return nil, nil, err
		}
		if !isSet(below, n.row) || len(l) > 0 && n.row <= l[len(l)-1].row {
			return nil, nil, fmt.Errorf("row %d is out of order or missing below: %w", n.row, ErrFormat)
		}
		on[n.row/64] |= 1 << (n.row % 64)
		l = append(l, n)
	}
	for _, n := range l {
		for _, link := range n.links {
			if !isSet(on, link) || link == n.row {
				return nil, nil, fmt.Errorf("row %d links to row %d: %w", n.row, link, ErrFormat)
			}
		}
	}
	return l, on, nil
}

func (in *bodyReader) node(x *Index) (node, error) {
	var n node
	var err error
	if n.row, err = in.uint32(); err != nil {
		return n, err
	}
	count, err := in.uint32()
	if err != nil {
		return n, err
	}
	if int64(count) > int64(x.cfg.M) {
		return n, fmt.Errorf("row %d has %d links, want at most %d: %w", n.row, count, x.cfg.M, ErrFormat)
	}
	n.links = make([]uint32, count)
	for i := range n.links {
		if n.links[i], err = in.uint32(); err != nil {
			return n, err
		}
	}
	return n, nil
}

func isSet(set []uint64, row uint32) bool {
	return uint64(row/64) < uint64(len(set)) && set[row/64]>>(row%64)&1 != 0
}

// load gives layers, which have been checked, to the library.
func (x *Index) load(layers []layer) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("loading %d layers: %v: %w", len(layers), fault, ErrLibrary)
		}
	}()
	if len(layers) == 0 {
		return nil
	}
	if err := x.graph.Import(bufio.NewReaderSize(&libraryWriter{x: x, layers: layers}, 1<<16)); err != nil {
		return fmt.Errorf("%w: %w", err, ErrLibrary)
	}
	x.graph.Distance = distance
	return nil
}
