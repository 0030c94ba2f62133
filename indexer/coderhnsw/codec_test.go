package coderhnsw_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/coderhnsw"
	"marquee/indexer/indexertest"
)

// The head of a file, as the comment of WriteTo has it.
const (
	magicBytes = 8
	headBytes  = magicBytes + 4*4 + 8 + 8 + 3*4
)

func TestReadBackAnswersAlike(t *testing.T) {
	vecs := indexertest.Clustered(3, 1000, dims)
	clear(vecs[5*dims : 6*dims])
	ix := mustNew(t, vecs, dims, light())
	data := encoded(t, ix)
	if !bytes.Equal(data, encoded(t, ix)) {
		t.Error("one index writes two files")
	}
	back, err := coderhnsw.Read(bytes.NewReader(data), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	if back.Config() != ix.Config() || back.Len() != ix.Len() || back.Dims() != dims {
		t.Errorf("read back %+v, %d x %d; written %+v, %d x %d",
			back.Config(), back.Len(), back.Dims(), ix.Config(), ix.Len(), dims)
	}
	if !bytes.Equal(encoded(t, back), data) {
		t.Error("the graph read back writes other bytes")
	}
	for q := range slices.Chunk(indexertest.Clustered(4, 30, dims), dims) {
		want, _ := ix.Search(t.Context(), q, 15, nil)
		got, err := back.Search(t.Context(), q, 15, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("read back answers %v, error %v; written %v", got, err, want)
		}
	}
}

func tiny(t testing.TB) ([]float32, []byte) {
	vecs := indexertest.Clustered(3, 12, 4)
	return vecs, encoded(t, mustNew(t, vecs, 4, coderhnsw.Config{M: 3, EfSearch: 8, Fetch: 1, Seed: 1}))
}

func TestReadRefusesDamage(t *testing.T) {
	vecs, data := tiny(t)
	for i := range data {
		if _, err := coderhnsw.Read(bytes.NewReader(data[:i]), vecs, 4); !errors.Is(err, coderhnsw.ErrFormat) {
			t.Errorf("cut to %d of %d bytes: error %v, want %v", i, len(data), err, coderhnsw.ErrFormat)
		}
		for bit := range 8 {
			broken := slices.Clone(data)
			broken[i] ^= 1 << bit
			if _, err := coderhnsw.Read(bytes.NewReader(broken), vecs, 4); !errors.Is(err, coderhnsw.ErrFormat) {
				t.Errorf("bit %d of byte %d flipped: error %v, want %v", bit, i, err, coderhnsw.ErrFormat)
			}
		}
	}
}

func TestReadRefusesOtherVectors(t *testing.T) {
	vecs, data := tiny(t)
	tests := []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"another world", indexertest.Clustered(4, 12, 4), 4, coderhnsw.ErrFormat},
		{"a row fewer", vecs[:11*4], 4, coderhnsw.ErrFormat},
		{"none", nil, 4, coderhnsw.ErrFormat},
		{"no unit vectors", []float32{1, 2, 3, 4}, 4, indexer.ErrRow},
	}
	for _, tt := range tests {
		if _, err := coderhnsw.Read(bytes.NewReader(data), tt.vecs, tt.dims); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error)  { return 0, io.ErrClosedPipe }
func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestErrorsOfTheFile(t *testing.T) {
	vecs, _ := tiny(t)
	if _, err := mustNew(t, vecs, 4, light()).WriteTo(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("WriteTo gives %v, want %v", err, io.ErrClosedPipe)
	}
	if _, err := coderhnsw.Read(brokenPipe{}, vecs, 4); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, coderhnsw.ErrFormat) {
		t.Errorf("Read gives %v, want %v and no word of the format", err, io.ErrClosedPipe)
	}
}

// mended returns the head of data with another number of layers, another body and
// the checksum that belongs to them.
func mended(data []byte, layers int, body ...uint32) []byte {
	out := slices.Clone(data[:headBytes])
	binary.LittleEndian.PutUint32(out[headBytes-8:], uint32(layers))
	clear(out[headBytes-4:])
	for _, n := range body {
		out = binary.LittleEndian.AppendUint32(out, n)
	}
	sum := crc32.Checksum(out[magicBytes:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(out[headBytes-4:], sum)
	return out
}

// Graphs with the right checksum that the library would panic on, or never end.
func TestReadChecksEveryLink(t *testing.T) {
	vecs := indexertest.Clustered(3, 3, 4)
	data := encoded(t, mustNew(t, vecs, 4, light()))
	tests := []struct {
		name   string
		layers int
		body   []uint32 // count of nodes; row, count of links, links
		ok     bool
	}{
		{"a triangle", 1, []uint32{3, 0, 1, 1, 1, 1, 2, 2, 1, 0}, true},
		{"no links", 1, []uint32{3, 0, 0, 1, 0, 2, 0}, true},
		{"two layers", 2, []uint32{3, 0, 0, 1, 0, 2, 0, 1, 1, 0}, true},
		{"no layer", 0, nil, false},
		{"a row missing", 1, []uint32{2, 0, 0, 1, 0}, false},
		{"a row too many", 1, []uint32{4, 0, 0, 1, 0, 2, 0, 3, 0}, false},
		{"a row twice", 1, []uint32{3, 0, 0, 1, 0, 1, 0}, false},
		{"rows out of order", 1, []uint32{3, 0, 0, 2, 0, 1, 0}, false},
		{"an empty layer", 2, []uint32{3, 0, 0, 1, 0, 2, 0, 0}, false},
		{"a row that the layer below lacks", 3, []uint32{3, 0, 0, 1, 0, 2, 0, 1, 1, 0, 1, 2, 0}, false},
		{"a link past the end", 1, []uint32{3, 0, 1, 3, 1, 0, 2, 0}, false},
		{"a link off the layer", 2, []uint32{3, 0, 0, 1, 0, 2, 0, 1, 1, 1, 2}, false},
		{"a link to itself", 1, []uint32{3, 0, 1, 0, 1, 0, 2, 0}, false},
		{"more links than M", 1, slices.Concat([]uint32{3, 0, 25}, slices.Repeat([]uint32{1}, 25), []uint32{1, 0, 2, 0}), false},
		{"as many links as M", 1, slices.Concat([]uint32{3, 0, 24}, slices.Repeat([]uint32{1}, 24), []uint32{1, 0, 2, 0}), true},
		{"too many layers", 21, nil, false},
	}
	for _, tt := range tests {
		ix, err := coderhnsw.Read(bytes.NewReader(mended(data, tt.layers, tt.body...)), vecs, 4)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, coderhnsw.ErrFormat) {
			t.Errorf("%s: error %v, want one: %v", tt.name, err, !tt.ok)
			continue
		}
		if err != nil {
			continue
		}
		if hits, err := ix.Search(t.Context(), vecs[:4], 3, nil); len(hits) != 3 || err != nil {
			t.Errorf("%s: answers %v, error %v, want 3 rows", tt.name, hits, err)
		}
	}
}

// FuzzRead mends the checksum of what it is given, so that the checks behind it
// are reached. Whatever passes them must answer as an index does: the library
// itself would panic on a link to a node that is not there.
func FuzzRead(f *testing.F) {
	vecs := indexertest.Clustered(3, 40, 4)
	data := encoded(f, mustNew(f, vecs, 4, coderhnsw.Config{M: 3, EfSearch: 8, Fetch: 2, Seed: 1}))
	f.Add(data)
	f.Add(data[:headBytes+20])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= headBytes {
			data = slices.Clone(data)
			clear(data[headBytes-4 : headBytes])
			sum := crc32.Checksum(data[magicBytes:], crc32.MakeTable(crc32.Castagnoli))
			binary.LittleEndian.PutUint32(data[headBytes-4:], sum)
		}
		ix, err := coderhnsw.Read(bytes.NewReader(data), vecs, 4)
		if err != nil {
			if !errors.Is(err, coderhnsw.ErrFormat) {
				t.Fatalf("error %v, want %v", err, coderhnsw.ErrFormat)
			}
			return
		}
		for _, keep := range []indexer.Keep{nil, func(row uint32) bool { return row%3 == 0 }} {
			hits, err := ix.Search(t.Context(), vecs[:4], 3, keep)
			if err != nil || len(hits) != 3 {
				t.Fatalf("an accepted graph gives %v, error %v, want 3 rows", hits, err)
			}
		}
	})
}
