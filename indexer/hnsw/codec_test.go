package hnsw_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
)

func TestReadBackAnswersAlike(t *testing.T) {
	vecs := indexertest.Clustered(3, 700, dims)
	clear(vecs[5*dims : 6*dims])
	ix := mustNew(t, vecs, dims, narrow())
	data := encoded(t, ix)
	back, err := hnsw.Read(bytes.NewReader(data), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	if back.Config() != ix.Config() || back.Len() != ix.Len() || back.Dims() != dims || back.Bytes() != ix.Bytes() {
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

// The smallest graphs worth breaking: every flipped bit and every cut is told.
func TestReadRefusesDamage(t *testing.T) {
	vecs := indexertest.Clustered(3, 12, 4)
	data := encoded(t, mustNew(t, vecs, 4, hnsw.Config{M: 2, EfConstruction: 8, Ef: 8, Seed: 1}))
	for i := range data {
		if _, err := hnsw.Read(bytes.NewReader(data[:i]), vecs, 4); !errors.Is(err, hnsw.ErrFormat) {
			t.Errorf("cut to %d of %d bytes: error %v, want %v", i, len(data), err, hnsw.ErrFormat)
		}
		for bit := range 8 {
			broken := slices.Clone(data)
			broken[i] ^= 1 << bit
			if _, err := hnsw.Read(bytes.NewReader(broken), vecs, 4); !errors.Is(err, hnsw.ErrFormat) {
				t.Errorf("bit %d of byte %d flipped: error %v, want %v", bit, i, err, hnsw.ErrFormat)
			}
		}
	}
}

func TestReadRefusesOtherVectors(t *testing.T) {
	vecs := indexertest.Clustered(3, 12, 4)
	data := encoded(t, mustNew(t, vecs, 4, narrow()))
	tests := []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"another world", indexertest.Clustered(4, 12, 4), 4, hnsw.ErrFormat},
		{"a row fewer", vecs[:11*4], 4, hnsw.ErrFormat},
		{"none", nil, 4, hnsw.ErrFormat},
		{"no unit vectors", []float32{1, 2, 3, 4}, 4, indexer.ErrRow},
		{"other dims", vecs, 0, indexer.ErrDims},
	}
	for _, tt := range tests {
		if _, err := hnsw.Read(bytes.NewReader(data), tt.vecs, tt.dims); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error)  { return 0, io.ErrClosedPipe }
func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestErrorsOfTheFile(t *testing.T) {
	vecs := indexertest.Clustered(3, 12, 4)
	if _, err := mustNew(t, vecs, 4, narrow()).WriteTo(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("WriteTo gives %v, want %v", err, io.ErrClosedPipe)
	}
	if _, err := hnsw.Read(brokenPipe{}, vecs, 4); !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, hnsw.ErrFormat) {
		t.Errorf("Read gives %v, want %v and no word of the format", err, io.ErrClosedPipe)
	}
}

// The head of a file, as the comment of WriteTo has it.
const headBytes = 8 + 4*4 + 8 + 8 + 4

// lists returns the lists of links in a file, in its order.
func lists(data []byte) [][]uint32 {
	var all [][]uint32
	for rest := data[headBytes : len(data)-4]; len(rest) > 0; {
		list := make([]uint32, binary.LittleEndian.Uint16(rest))
		n, _ := binary.Decode(rest[2:], binary.LittleEndian, list)
		rest = rest[2+n:]
		all = append(all, list)
	}
	return all
}

// mended returns the head of data with other lists and the checksum that belongs
// to them.
func mended(data []byte, lists [][]uint32) []byte {
	out := slices.Clone(data[:headBytes])
	for _, list := range lists {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(list)))
		for _, link := range list {
			out = binary.LittleEndian.AppendUint32(out, link)
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
}

func TestReadCountsLinks(t *testing.T) {
	vecs := indexertest.Clustered(3, 60, 4)
	data := encoded(t, mustNew(t, vecs, 4, hnsw.Config{M: 2, EfConstruction: 8, Ef: 8, Seed: 1}))
	for n, ok := range []bool{true, true, true, true, true, false, false} { // of row 0 on level 0, with room for 4
		other := lists(data)
		other[0] = []uint32{1, 2, 3, 4, 5, 6}[:n]
		if _, err := hnsw.Read(bytes.NewReader(mended(data, other)), vecs, 4); ok != (err == nil) || err != nil && !errors.Is(err, hnsw.ErrFormat) {
			t.Errorf("%d links: error %v, want one: %v", n, err, !ok)
		}
	}
}

// A graph whose links lead nowhere is of no help, but the answer is right: the
// rows are scanned.
func TestGraphWithoutLinksStillAnswers(t *testing.T) {
	vecs := indexertest.Clustered(3, 400, dims)
	data := encoded(t, mustNew(t, vecs, dims, narrow()))
	bare := make([][]uint32, len(lists(data)))
	ix, err := hnsw.Read(bytes.NewReader(mended(data, bare)), vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []indexer.Keep{nil, func(row uint32) bool { return row%2 == 0 }} {
		if hits, err := ix.Search(t.Context(), vecs[:dims], 15, keep); len(hits) != 15 || hits[0].Row != 0 || err != nil {
			t.Errorf("answers %v, error %v, want row 0 and 14 more", hits, err)
		}
	}
}

// FuzzRead mends the checksum of what it is given, so that the checks behind it
// are reached. Whatever passes them must answer as an index does.
func FuzzRead(f *testing.F) {
	vecs := indexertest.Clustered(3, 40, 4)
	data := encoded(f, mustNew(f, vecs, 4, hnsw.Config{M: 2, EfConstruction: 8, Ef: 1, Seed: 1}))
	f.Add(data[:len(data)-4])
	f.Add(data[:60])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
		ix, err := hnsw.Read(bytes.NewReader(binary.LittleEndian.AppendUint32(body, sum)), vecs, 4)
		if err != nil {
			if !errors.Is(err, hnsw.ErrFormat) {
				t.Fatalf("error %v, want %v", err, hnsw.ErrFormat)
			}
			return
		}
		hits, err := ix.Search(t.Context(), vecs[:4], 3, func(row uint32) bool { return row%3 == 0 })
		if err != nil || len(hits) != 3 {
			t.Fatalf("an accepted graph gives %v, error %v, want 3 rows", hits, err)
		}
	})
}
