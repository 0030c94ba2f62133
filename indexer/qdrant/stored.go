package qdrant

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"marquee/indexer"
)

// ErrFormat reports bytes that do not say which collection an index is, or say it of
// other vectors.
var ErrFormat = errors.New("not a collection of these vectors")

// maxStored is the longest text that is read.
const maxStored = 1 << 14

// stored is what a bundle keeps of an index; the points are on the server.
type stored struct {
	Format     int    `json:"format"`
	Collection string `json:"collection"`
	Rows       int    `json:"rows"`
	Dims       int    `json:"dims"`
	Ef         int    `json:"ef"`
	Quantised  bool   `json:"quantised"`
	Vectors    uint32 `json:"vectors"` // CRC of Castagnoli's polynomial of their bits
}

// WriteTo writes, as JSON, the name of the collection and what tells whether vectors are
// its own; rows that came later are not part of it. It returns the bytes written.
func (ix *Index) WriteTo(w io.Writer) (int64, error) {
	data, err := json.MarshalIndent(stored{
		Format: 1, Collection: ix.collection, Rows: len(ix.base) / ix.dims, Dims: ix.dims,
		Ef: ix.ef, Quantised: ix.quantised, Vectors: checksum(ix.base),
	}, "", "  ")
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(data, '\n'))
	if err != nil {
		return int64(n), fmt.Errorf("write name of collection %s: %w", ix.collection, err)
	}
	return int64(n), nil
}

// Attach makes the index of vecs, [rows x dims], that [Index.WriteTo] wrote down,
// without a word to the server: so a server of recommendations starts while Qdrant is
// down. [Index.Check] looks whether the collection is there; else the first search does.
// vecs is shared. Errors wrap [ErrFormat], indexer.ErrDims or indexer.ErrRow.
func (c *Client) Attach(r io.Reader, vecs []float32, dims int) (*Index, error) {
	if err := indexer.CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxStored+1))
	if err != nil {
		return nil, err
	}
	var s stored
	if len(data) > maxStored {
		return nil, fmt.Errorf("more than %d bytes, want the name of a collection: %w", maxStored, ErrFormat)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%d bytes that name no collection: %w: %w", len(data), err, ErrFormat)
	}
	switch {
	case s.Format != 1:
		return nil, fmt.Errorf("format is %d, want 1: %w", s.Format, ErrFormat)
	case !collectionForm.MatchString(s.Collection):
		return nil, fmt.Errorf("collection is %q: %w", s.Collection, ErrFormat)
	case s.Ef < 1 || s.Ef > maxEf:
		return nil, fmt.Errorf("ef is %d, want 1 to %d: %w", s.Ef, maxEf, ErrFormat)
	case s.Rows != len(vecs)/dims || s.Dims != dims || s.Vectors != checksum(vecs):
		return nil, fmt.Errorf("collection %s is of %d x %d, CRC %08x, the vectors are %d x %d, CRC %08x: %w",
			s.Collection, s.Rows, s.Dims, s.Vectors, len(vecs)/dims, dims, checksum(vecs), ErrFormat)
	}
	ix := c.index(s.Collection, vecs, dims, s.Ef)
	ix.quantised = s.Quantised
	return ix, nil
}

// checksum returns the CRC of the bits of vecs.
func checksum(vecs []float32) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
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
