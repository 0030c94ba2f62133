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
