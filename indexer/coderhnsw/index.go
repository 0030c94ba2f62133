package coderhnsw

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/coder/hnsw"

	"marquee/embedder/vec"
	"marquee/indexer"
)

// scanShare: fetching one row in so many is no cheaper than a scan of all rows,
// which misses none. The library spends about a microsecond on each node it looks
// at, fifty times the price of a row in sequence.
const scanShare = 4

// An Index is a graph of coder/hnsw over the rows of vecs. Nothing changes it
// once it is built, so any number of goroutines may search it.
type Index struct {
	vecs    []float32 // [rows x dims], the caller's, never written
	dims    int
	cfg     Config
	graph   *hnsw.Graph[uint32]
	members []uint64 // one bit a row: it is in the graph
	count   int      // of members
}

var _ indexer.Index = (*Index)(nil)

// distance is that of the library, which wants less for nearer rows.
func distance(a, b []float32) float32 { return 1 - vec.Dot(a, b) }

func empty(vecs []float32, dims int, cfg Config) *Index {
	return &Index{
		vecs:    vecs,
		dims:    dims,
		cfg:     cfg,
		graph:   newGraph(cfg),
		members: make([]uint64, (len(vecs)/dims+63)/64),
	}
}

// Len returns the number of rows, those of zeros included.
func (x *Index) Len() int { return len(x.vecs) / x.dims }

// Dims returns the length of a row.
func (x *Index) Dims() int { return x.dims }

// Config returns what the index was built with; Fetch is what searches use.
func (x *Index) Config() Config { return x.cfg }

func (x *Index) row(i uint32) []float32 {
	at := int(i) * x.dims
	return x.vecs[at : at+x.dims : at+x.dims]
}

func (x *Index) enter(row uint32) {
	x.members[row/64] |= 1 << (row % 64)
	x.count++
}

func (x *Index) has(row uint32) bool { return x.members[row/64]>>(row%64)&1 != 0 }

// Search implements [indexer.Index]. It fetches the larger of Config.Fetch and k
// rows and scores them again. When fewer than three quarters of them come back and
// are kept, it scans the kept rows instead, and the answer is exact: to fetch
// still more would take longer.
func (x *Index) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	return x.search(ctx, q, k, x.cfg.Fetch, keep)
}

func (x *Index) search(ctx context.Context, q []float32, k, fetch int, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, x.dims, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if x.count == 0 || indexer.ZeroRow(q, x.dims, 0) {
		return nil, nil
	}
	k = min(k, x.count)
	fetch = max(fetch, k)
	if hits := x.fetch(q, fetch, keep); len(hits) >= k && len(hits) >= fetch-fetch/4 {
		return first(hits, k), nil
	}
	return x.scan(ctx, q, k, keep)
}

// fetch asks the library for so many rows and scores those that are kept; it
// returns none when a scan would be cheaper.
func (x *Index) fetch(q []float32, rows int, keep indexer.Keep) []indexer.Hit {
	if rows*scanShare >= x.count {
		return nil
	}
	nodes := x.graph.Search(q, rows)
	hits := make([]indexer.Hit, 0, len(nodes))
	for _, node := range nodes {
		if keep == nil || keep(node.Key) {
			hits = append(hits, indexer.Hit{Row: node.Key, Score: vec.Dot(q, x.row(node.Key))})
		}
	}
	return hits
}

// scanBlock is how many rows a scan scores before it looks at the context again.
const scanBlock = 1024

// scan returns the k nearest kept members, exactly, in one pass over all rows.
func (x *Index) scan(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	var hits []indexer.Hit
	for row := range uint32(x.Len()) {
		if row%scanBlock == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if len(hits) > 2*k+scanBlock {
				hits = first(hits, k)
			}
		}
		if x.has(row) && (keep == nil || keep(row)) {
			hits = append(hits, indexer.Hit{Row: row, Score: vec.Dot(q, x.row(row))})
		}
	}
	return first(hits, k), nil
}

// first sorts hits, best first, and returns the first k.
func first(hits []indexer.Hit, k int) []indexer.Hit {
	slices.SortFunc(hits, func(a, b indexer.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
	})
	return hits[:min(k, len(hits))]
}

// WithFetch returns an index over the same graph whose searches fetch so many
// rows: more find more and take longer. x stays as it is.
func (x *Index) WithFetch(rows int) (*Index, error) {
	y := *x
	y.cfg.Fetch = rows
	if err := y.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("coderhnsw: %w", err)
	}
	return &y, nil
}
