package hnsw

import (
	"context"

	"marquee/indexer"
)

// Floor is the recall at 20, on movies held out and on profiles, below which a
// graph is not to be published.
const Floor = 0.98

// efs returns the widths of search that a calibration tries. Past the last, an
// exact scan of some 50,000 rows is as fast: a graph that needs more is no good.
func efs() []int {
	return []int{20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024}
}

// calibrate sets the Ef of the index to the least that reaches cal.Floor, both on
// the rows held out of the graph and on the profiles, or to the greatest tried.
func (x *Index) calibrate(ctx context.Context, held []uint32, cal indexer.Calibration) (indexer.Measured, error) {
	movies := make([][]float32, len(held))
	for i, row := range held {
		movies[i] = x.row(row)
	}
	m, err := cal.Measure(ctx, indexer.Trial{
		Backend: "hnsw",
		Dims:    x.dims,
		Efforts: efs(),
		Exact:   x.exact,
		Search: func(ctx context.Context, q []float32, k, ef int) ([]indexer.Hit, error) {
			return x.search(ctx, q, k, ef, nil)
		},
	}, movies)
	x.cfg.Ef = m.Effort
	return m, err
}

// exact returns the k nearest members by a scan.
func (x *Index) exact(ctx context.Context, q []float32, k int) ([]indexer.Hit, error) {
	if x.graph.members == 0 || indexer.ZeroRow(q, x.dims, 0) {
		return nil, nil
	}
	w := x.walks.Get().(*walk)
	defer x.walks.Put(w)
	if err := x.scan(ctx, w, q, k, nil); err != nil {
		return nil, err
	}
	return answer(w.beam.keys, k), nil
}
