package qdrant

import (
	"context"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
	"marquee/indexer"
)

// maxQueries is how many searches a call makes at most.
const maxQueries = 64

// Neighbours implements [indexer.Batcher] within Config.Timeout: 64 rows take a call, or
// fewer when what they leave out makes it longer than Config.BatchBytes.
func (ix *Index) Neighbours(ctx context.Context, rows []uint32, k int, exclude []uint32) ([][]indexer.Hit, error) {
	if k < 1 {
		return nil, fmt.Errorf("asked for %d neighbours, want 1 or more: %w", k, indexer.ErrCount)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lists := make([][]indexer.Hit, len(rows))
	var asked []*seeker
	var places []int
	out := ix.excluding(exclude)
	for i, row := range rows {
		if int64(row) >= int64(ix.rows) {
			return nil, fmt.Errorf("row %d of an index of %d rows: %w", row, ix.rows, catalog.ErrInvalid)
		}
		if v := ix.vector(row); v != nil {
			asked, places = append(asked, ix.around(row, v, k, out)), append(places, i)
		}
	}
	if len(asked) == 0 {
		return lists, nil
	}
	limited, cancel := ix.limit(ctx)
	defer cancel()
	if err := ix.ready(ctx, limited); err != nil {
		return nil, err
	}
	if err := ix.runAll(ctx, limited, asked, out); err != nil {
		return nil, err
	}
	for i, s := range asked {
		lists[places[i]] = s.answer(k)
	}
	return lists, nil
}

// around returns the search for the neighbours of a row, which the server finds, too:
// itself it is left out here, so that all rows share what they leave out.
func (ix *Index) around(row uint32, v []float32, k int, out *exclusion) *seeker {
	return ix.newSeeker(v, k, Filter{}, func(other uint32) bool { return other != row }, out)
}

// runAll runs seekers, many with one call; the few that want more go on alone.
func (ix *Index) runAll(ctx, limited context.Context, all []*seeker, out *exclusion) error {
	bytes := 4*ix.dims + 40*len(out.not.GetHasId().GetHasId()) + 256 // of a query, at most
	size := max(1, min(maxQueries, ix.client.cfg.BatchBytes/bytes))
	for len(all) > 0 {
		some := all[:min(size, len(all))]
		all = all[len(some):]
		queries := make([]*api.QueryPoints, len(some))
		for i, s := range some {
			queries[i] = s.query()
		}
		reply, err := fetch(ctx, limited, ix, "neighbours", func(ctx context.Context) (*api.QueryBatchResponse, error) {
			return ix.client.rpc.Points().QueryBatch(ctx, &api.QueryBatchPoints{CollectionName: ix.collection, QueryPoints: queries})
		})
		if err != nil {
			return missing(err, ix.collection)
		}
		if len(reply.GetResult()) != len(some) {
			return fmt.Errorf("qdrant at %s: %d answers to %d questions: %w", ix.client.cfg.Addr, len(reply.GetResult()), len(some), catalog.ErrUnavailable)
		}
		for i, s := range some {
			if s.take(reply.GetResult()[i].GetResult()) {
				continue
			}
			if err := s.run(ctx, limited); err != nil {
				return err
			}
		}
	}
	return nil
}
