package hnsw

import (
	"context"
	"slices"

	"marquee/indexer"
)

// efs are the widths of search that a calibration tries. Past the last, an exact
// scan of some 50,000 rows is as fast, so a graph that needs more is no good.
var efs = []int{20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024}

// A question is a query with its true neighbours.
type question struct {
	q     []float32
	truth []indexer.Hit
}

// calibrate sets the Ef of the index to the least that finds a share cal.Floor of
// the nearest rows on average, both of the rows held out of the graph and of the
// profiles, or to the greatest tried, and returns what it found there.
func (in *inserter) calibrate(ctx context.Context, held []uint32, cal indexer.Calibration) (indexer.Measured, error) {
	m := indexer.Measured{Backend: "hnsw", K: cal.K, Floor: cal.Floor}
	var queries [][]float32
	for _, row := range held {
		queries = append(queries, in.x.row(row))
	}
	movies, err := in.questions(ctx, queries, cal.K)
	if err != nil {
		return m, err
	}
	profiles, err := in.questions(ctx, slices.Collect(slices.Chunk(cal.Profiles, in.x.dims)), cal.K)
	if err != nil {
		return m, err
	}
	m.MovieQueries, m.ProfileQueries = len(movies), len(profiles)
	for _, ef := range efs {
		m.Effort = ef
		if m.Movies, err = in.recall(ctx, movies, cal.K, ef); err != nil {
			return m, err
		}
		if m.Profiles, err = in.recall(ctx, profiles, cal.K, ef); err != nil {
			return m, err
		}
		if indexer.CheckFloor(m, cal.Floor) == nil {
			break
		}
	}
	in.x.cfg.Ef = m.Effort
	return m, nil
}

// questions finds the true k nearest members of each query by a scan, and leaves
// out queries that have none.
func (in *inserter) questions(ctx context.Context, queries [][]float32, k int) ([]question, error) {
	asked := make([]question, len(queries))
	faults := make([]error, len(queries))
	err := each(ctx, len(in.walks), len(queries), func(worker, i int) {
		asked[i].q = queries[i]
		if in.x.graph.members == 0 || indexer.ZeroRow(queries[i], in.x.dims, 0) {
			return
		}
		w := in.walks[worker]
		if faults[i] = in.x.scan(ctx, w, queries[i], k, nil); faults[i] == nil {
			asked[i].truth = answer(w.beam.keys, k)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(asked, func(q question) bool { return len(q.truth) == 0 }), nil
}

// recall returns the share of the true neighbours that searches of width ef find,
// or 1 without questions.
func (in *inserter) recall(ctx context.Context, asked []question, k, ef int) (float64, error) {
	found := make([]int, len(asked))
	faults := make([]error, len(asked))
	err := each(ctx, len(in.walks), len(asked), func(_, i int) {
		hits, err := in.x.search(ctx, asked[i].q, k, ef, nil)
		found[i], faults[i] = indexer.Found(hits, asked[i].truth), err
	})
	if err != nil {
		return 0, err
	}
	total, wanted := 0, 0
	for i, q := range asked {
		if faults[i] != nil {
			return 0, faults[i]
		}
		total += found[i]
		wanted += len(q.truth)
	}
	if wanted == 0 {
		return 1, nil
	}
	return float64(total) / float64(wanted), nil
}
