package coderhnsw

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/coder/hnsw"
)

// A layer holds the nodes of one layer of a graph by ascending row.
type layer []node

// A node is a row and its links on one layer, ascending.
type node struct {
	row   uint32
	links []uint32
}

// The library's file: a version, M, Ml, EfSearch, the name of the distance, the
// number of layers, and of each layer, from the lowest, the number of nodes, and
// of each node its key, its vector and its links. Whole numbers are zigzag
// varints, the rest is little-endian.
const (
	libraryVersion  = 1
	libraryDistance = "cosine" // what the library itself knows by name
)

// export returns the links of a graph by way of the library's file, which is the
// only way to them. The vectors in it are skipped as they come.
func export(g *hnsw.Graph[uint32]) ([]layer, error) {
	named := *g // shares the layers; only the name of the distance matters here
	named.Distance = hnsw.CosineDistance
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(w, 1<<16)
		err := named.Export(buffered)
		if err == nil {
			err = buffered.Flush()
		}
		done <- errors.Join(err, w.CloseWithError(err))
	}()
	in := &libraryReader{r: bufio.NewReaderSize(r, 1<<16)}
	layers := in.layers()
	r.CloseWithError(in.err) // an export that is still writing ends with it
	return layers, errors.Join(in.err, <-done)
}

// A libraryReader reads the library's file. After the first error it reads
// nothing and gives zeros.
type libraryReader struct {
	r   *bufio.Reader
	err error
}

func (in *libraryReader) int() int {
	if in.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(in.r)
	in.err = err
	return int(n)
}

func (in *libraryReader) uint32() uint32 {
	var buf [4]byte
	if in.err == nil {
		_, in.err = io.ReadFull(in.r, buf[:])
	}
	return binary.LittleEndian.Uint32(buf[:])
}

func (in *libraryReader) skip(n int) {
	if in.err == nil {
		_, in.err = in.r.Discard(n)
	}
}

func (in *libraryReader) layers() []layer {
	if version := in.int(); in.err == nil && version != libraryVersion {
		in.err = fmt.Errorf("coder/hnsw writes version %d of its format, want %d", version, libraryVersion)
	}
	in.int() // M
	in.skip(8)
	in.int() // EfSearch
	in.skip(in.int())
	var layers []layer
	for range in.int() {
		layers = append(layers, in.layer())
	}
	return layers
}

func (in *libraryReader) layer() layer {
	var l layer
	for range in.int() {
		n := node{row: in.uint32()}
		in.skip(4 * in.int())
		for range in.int() {
			n.links = append(n.links, in.uint32())
		}
		l = append(l, n)
		if in.err != nil {
			break
		}
	}
	return l
}

// A libraryWriter is the library's file of layers and the vectors of x, made as
// it is read.
type libraryWriter struct {
	x      *Index
	layers []layer // still to come; the first one without the nodes given
	begun  bool    // the layer's head was given
	head   bool    // the file's head was given
	buf    []byte
	out    []byte // of buf, not read yet
}

func (w *libraryWriter) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		if !w.next() {
			return 0, io.EOF
		}
		w.out = w.buf
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

// next puts the next part of the file in buf, or returns false at its end.
func (w *libraryWriter) next() bool {
	w.buf = w.buf[:0]
	switch {
	case !w.head:
		w.head = true
		w.fileHead()
	case len(w.layers) == 0:
		return false
	case !w.begun:
		w.begun = true
		w.int(len(w.layers[0]))
	case len(w.layers[0]) == 0:
		w.begun = false
		w.layers = w.layers[1:]
	default:
		w.node(w.layers[0][0])
		w.layers[0] = w.layers[0][1:]
	}
	return true
}

func (w *libraryWriter) fileHead() {
	w.int(libraryVersion)
	w.int(w.x.cfg.M)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(layerShare))
	w.int(w.x.cfg.EfSearch)
	w.int(len(libraryDistance))
	w.buf = append(w.buf, libraryDistance...)
	w.int(len(w.layers))
}

func (w *libraryWriter) int(n int) { w.buf = binary.AppendVarint(w.buf, int64(n)) }

func (w *libraryWriter) node(n node) {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, n.row)
	w.int(w.x.dims)
	for _, v := range w.x.row(n.row) {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, math.Float32bits(v))
	}
	w.int(len(n.links))
	for _, link := range n.links {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, link)
	}
}
