package hnsw

import (
	"context"
	"fmt"

	"marquee/indexer"
)

// New builds an index of vecs, [rows x dims], row-major, each row of unit length
// or all zeros; rows of zeros stay out of the graph. vecs is shared: it must not
// change as long as the index is used. Searches keep cfg.Ef rows in hand; [Build]
// also finds out how many that should be. It uses all processors and returns
// early with ctx's error. Other errors wrap indexer.ErrDims or indexer.ErrRow, or
// are of cfg.
func New(ctx context.Context, vecs []float32, dims int, cfg Config) (*Index, error) {
	if err := check(vecs, dims, cfg); err != nil {
		return nil, err
	}
	x := empty(vecs, dims, cfg)
	if err := newInserter(x).insert(ctx, x.rowsWithout(nil), func(int) {}); err != nil {
		return nil, fmt.Errorf("build hnsw of %d x %d: %w", x.Len(), dims, err)
	}
	return x, nil
}

func check(vecs []float32, dims int, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("hnsw: %w", err)
	}
	return indexer.CheckRows(vecs, dims)
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

// Build builds an index as [New] does and measures it while it does: cal.HeldOut
// rows stay out until the rest is in, the recall at cal.K on them and on
// cal.Profiles is compared with an exact scan, Config.Ef becomes the least tried
// at which both reach cal.Floor (1024 if none does), and the rows held out go in.
// Of fewer than ten rows none is held out. The graph does not depend on
// cal.Profiles, but Ef does.
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
		return nil, indexer.Measured{}, fmt.Errorf("hnsw: calibration: %w", err)
	}
	x := empty(vecs, dims, cfg)
	held := indexer.HoldOut(cal.Seed, vecs, dims, cal.HeldOut)
	m, err := x.fill(ctx, held, cal, progress)
	if err != nil {
		return nil, m, fmt.Errorf("build hnsw of %d x %d: %w", x.Len(), dims, err)
	}
	return x, m, nil
}

// fill puts all rows in, those held out last, and measures in between.
func (x *Index) fill(ctx context.Context, held []uint32, cal indexer.Calibration, progress func(done, total int)) (indexer.Measured, error) {
	in := newInserter(x)
	rows := x.rowsWithout(held)
	tell := func(members int) {
		if progress != nil {
			progress(members, len(rows)+len(held))
		}
	}
	if err := in.insert(ctx, rows, tell); err != nil {
		return indexer.Measured{}, err
	}
	m, err := x.calibrate(ctx, held, cal)
	if err != nil {
		return m, err
	}
	return m, in.insert(ctx, held, tell)
}
