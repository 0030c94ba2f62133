package flat_test

import (
	"context"

	"github.com/viterin/vek/vek32"

	"marquee/indexer"
)

// A vekScan is the rival of BenchmarkSearch: the same scan with vek's inner
// product and the same heap.
type vekScan struct {
	vecs []float32
	dims int
}

func newVek(vecs []float32, dims int) (indexer.Index, error) { return vekScan{vecs, dims}, nil }

func (x vekScan) Len() int { return len(x.vecs) / x.dims }

func (x vekScan) Dims() int { return x.dims }

func (x vekScan) Search(_ context.Context, q []float32, k int, _ indexer.Keep) ([]indexer.Hit, error) {
	var best indexer.Best
	best.Reset(k)
	for row := range x.Len() {
		if s := vek32.Dot(q, x.vecs[row*x.dims:(row+1)*x.dims]); s >= best.Floor() {
			best.Offer(indexer.Hit{Row: uint32(row), Score: s})
		}
	}
	return best.Sorted(), nil
}
