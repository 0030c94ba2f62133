package coderhnsw

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// ErrFormat reports bytes that are no graph, or not the graph of the vectors it
// was read with.
var ErrFormat = errors.New("not a graph of these vectors")

// magic begins every graph; its last byte is the version of the format.
const magic = "mqcoder\x01"

// maxLayers is more than a graph of 2^31 rows has: 1 + log4.
const maxLayers = 20

// A header stands after the magic. All numbers are little-endian; the CRCs are of
// Castagnoli's polynomial.
type header struct {
	M, EfSearch, Fetch uint32
	Dims               uint32
	Rows               uint64
	Seed               uint64
	Vectors            uint32 // CRC of the vectors
	Layers             uint32
	Body               uint32 // CRC of the header, with 0 here, and of what follows
}

// WriteTo writes the links, without the vectors, and returns the bytes written:
// magic, header, and of each layer, from the lowest, a uint32 count of nodes and
// for each node, by ascending row, uint32 row, uint32 count and uint32 links,
// ascending. The same index gives the same bytes.
func (x *Index) WriteTo(w io.Writer) (int64, error) {
	layers, err := export(x.graph)
	if err != nil {
		return 0, fmt.Errorf("export links of coder/hnsw: %w", err)
	}
	var body []byte
	for _, l := range layers {
		slices.SortFunc(l, func(a, b node) int { return cmp.Compare(a.row, b.row) })
		body = binary.LittleEndian.AppendUint32(body, uint32(len(l)))
		for _, n := range l {
			slices.Sort(n.links)
			body = binary.LittleEndian.AppendUint32(body, n.row)
			body = binary.LittleEndian.AppendUint32(body, uint32(len(n.links)))
			for _, link := range n.links {
				body = binary.LittleEndian.AppendUint32(body, link)
			}
		}
	}
	h := header{
		M:        uint32(x.cfg.M),
		EfSearch: uint32(x.cfg.EfSearch),
		Fetch:    uint32(x.cfg.Fetch),
		Dims:     uint32(x.dims),
		Rows:     uint64(x.Len()),
		Seed:     x.cfg.Seed,
		Vectors:  checksum(x.vecs),
		Layers:   uint32(len(layers)),
	}
	h.Body = crc32.Update(h.sum(), castagnoli(), body)
	head := bytes.NewBufferString(magic)
	if err := binary.Write(head, binary.LittleEndian, h); err != nil {
		return 0, err
	}
	n, err := w.Write(head.Bytes())
	if err == nil {
		var more int
		more, err = w.Write(body)
		n += more
	}
	if err != nil {
		return int64(n), fmt.Errorf("write graph of %d rows: %w", x.Len(), err)
	}
	return int64(n), nil
}

// sum returns the CRC of the header, its Body taken for 0, from which that of the
// body goes on.
func (h header) sum() uint32 {
	h.Body = 0
	var head bytes.Buffer
	_ = binary.Write(&head, binary.LittleEndian, h) // a Buffer takes everything, and a header has a fixed size
	return crc32.Checksum(head.Bytes(), castagnoli())
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// checksum returns the CRC of the bits of vecs.
func checksum(vecs []float32) uint32 {
	table := castagnoli()
	var sum uint32
	buf := make([]byte, 0, 1<<14)
	for i, v := range vecs {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		if len(buf) == cap(buf) || i == len(vecs)-1 {
			sum = crc32.Update(sum, table, buf)
			buf = buf[:0]
		}
	}
	return sum
}
