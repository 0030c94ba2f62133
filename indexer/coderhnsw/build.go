package coderhnsw

import (
	"context"
	"errors"
	"fmt"
	"math/rand"

	"github.com/coder/hnsw"

	"marquee/indexer"
)

// ErrLibrary reports a panic inside coder/hnsw.
var ErrLibrary = errors.New("coder/hnsw panicked")

// progressRows is how many rows go in between two calls of progress.
const progressRows = 256

// fetches returns the numbers of rows that a calibration tries to fetch.
func fetches() []int { return []int{50, 100, 200, 400, 800, 1600} }

func newGraph(cfg Config) *hnsw.Graph[uint32] {
	g := hnsw.NewGraph[uint32]()
	g.M, g.Ml, g.EfSearch, g.Distance = cfg.M, layerShare, cfg.EfSearch, distance
	return g
}

// New builds an index of vecs, [rows x dims], row-major, each row of unit length
// or all zeros; rows of zeros stay out of the graph. vecs is shared: it must not
// change as long as the index is used. It uses one processor and returns early
// with ctx's error. Other errors wrap indexer.ErrDims, indexer.ErrRow or
// [ErrLibrary], or are of cfg.
func New(ctx context.Context, vecs []float32, dims int, cfg Config) (*Index, error) {
	if err := check(vecs, dims, cfg); err != nil {
		return nil, err
	}
	x := empty(vecs, dims, cfg)
	in := &inserter{x: x, layers: newLayers(cfg.Seed), progress: func(int) {}}
	if err := in.insert(ctx, x.rowsWithout(nil), true); err != nil {
		return nil, fmt.Errorf("build coderhnsw of %d x %d: %w", x.Len(), dims, err)
	}
	return x, nil
}

// Build builds an index as [New] does and measures it while it does: cal.HeldOut
// rows stay out until the rest is in, the recall at cal.K on them and on
// cal.Profiles is compared with an exact scan, Config.Fetch becomes the least
// tried at which both reach cal.Floor (1600 if none does), and the rows held out
// go in. Of fewer than ten rows none is held out.
//
// Build does not refuse an index below the floor; the caller gives Measured to
// indexer.CheckFloor before it publishes. progress, if not nil, is called from
// this goroutine with the rows that are in and the rows that will be.
func Build(ctx context.Context, vecs []float32, dims int, cfg Config, cal indexer.Calibration,
	progress func(done, total int)) (*Index, indexer.Measured, error) {
	if err := check(vecs, dims, cfg); err != nil {
		return nil, indexer.Measured{}, err
	}
	if err := cal.Validate(dims); err != nil {
		return nil, indexer.Measured{}, fmt.Errorf("coderhnsw: calibration: %w", err)
	}
	x := empty(vecs, dims, cfg)
	m, err := x.fill(ctx, cal, progress)
	if err != nil {
		return nil, m, fmt.Errorf("build coderhnsw of %d x %d: %w", x.Len(), dims, err)
	}
	return x, m, nil
}

func check(vecs []float32, dims int, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("coderhnsw: %w", err)
	}
	return indexer.CheckRows(vecs, dims)
}

// fill puts all rows in, those held out last, and measures in between.
func (x *Index) fill(ctx context.Context, cal indexer.Calibration, progress func(done, total int)) (indexer.Measured, error) {
	held := indexer.HoldOut(cal.Seed, x.vecs, x.dims, cal.HeldOut)
	rows := x.rowsWithout(held)
	in := &inserter{x: x, layers: newLayers(x.cfg.Seed), progress: func(done int) {
		if progress != nil {
			progress(done, len(rows)+len(held))
		}
	}}
	if err := in.insert(ctx, rows, true); err != nil {
		return indexer.Measured{}, err
	}
	m, err := x.calibrate(ctx, held, cal)
	if err != nil {
		return m, err
	}
	return m, in.insert(ctx, held, false)
}

func (x *Index) calibrate(ctx context.Context, held []uint32, cal indexer.Calibration) (indexer.Measured, error) {
	movies := make([][]float32, len(held))
	for i, row := range held {
		movies[i] = x.row(row)
	}
	m, err := cal.Measure(ctx, indexer.Trial{
		Backend: "coderhnsw",
		Dims:    x.dims,
		Efforts: fetches(),
		Exact: func(ctx context.Context, q []float32, k int) ([]indexer.Hit, error) {
			if indexer.ZeroRow(q, x.dims, 0) {
				return nil, nil
			}
			return x.scan(ctx, q, k, nil)
		},
		Search: func(ctx context.Context, q []float32, k, fetch int) ([]indexer.Hit, error) {
			return x.search(ctx, q, k, fetch, nil)
		},
	}, movies)
	x.cfg.Fetch = m.Effort
	return m, err
}

// rowsWithout returns the rows that belong in the graph, but not those of out,
// which ascends.
func (x *Index) rowsWithout(out []uint32) []uint32 {
	var rows []uint32
	for row := range uint32(x.Len()) {
		if len(out) > 0 && out[0] == row {
			out = out[1:]
			continue
		}
		if !indexer.ZeroRow(x.vecs, x.dims, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// An inserter adds rows to a graph, one after another.
type inserter struct {
	x        *Index
	layers   *layers
	progress func(done int)
}

// insert adds rows, none of which is in; with hub the last becomes the one node
// of the top layer. A panic of the library becomes an error that wraps
// [ErrLibrary]; the graph is then of no use.
func (in *inserter) insert(ctx context.Context, rows []uint32, hub bool) (err error) {
	x := in.x
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("adding row %d of %d: %v: %w", x.count, x.Len(), fault, ErrLibrary)
		}
	}()
	x.graph.Rng = rand.New(in.layers)
	for i, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		in.layers.common(x.count)
		if hub && i == len(rows)-1 {
			in.layers.hub()
		}
		x.graph.Add(hnsw.MakeNode(row, x.row(row)))
		x.enter(row)
		if x.count%progressRows == 0 || i == len(rows)-1 {
			in.progress(x.count)
		}
	}
	return nil
}
