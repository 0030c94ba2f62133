package qdrant

import (
	"context"
	"fmt"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer"
)

const (
	openSample  = 8  // rows that are compared when a collection is opened
	buildSample = 64 // when it was built
	exactSample = 16 // rows whose neighbours are compared then
	exactK      = 10
)

// Check makes sure that the collection is there, of the right shape, and holds the
// vectors of ix, as far as a sample shows. Errors are those of [Client.Open].
func (ix *Index) Check(ctx context.Context) error {
	info, err := ix.info(ctx)
	if err != nil {
		return missing(err, ix.collection)
	}
	params := info.GetConfig().GetParams().GetVectorsConfig().GetParams()
	if params.GetSize() != uint64(ix.dims) {
		return fmt.Errorf("collection %s is of %d dims, the vectors of %d: %w", ix.collection, params.GetSize(), ix.dims, indexer.ErrDims)
	}
	if params.GetDistance() != api.Distance_Dot {
		return fmt.Errorf("collection %s is of distance %v, want %v; build it again: %w", ix.collection, params.GetDistance(), api.Distance_Dot, catalog.ErrDamaged)
	}
	if info.GetStatus() == api.CollectionStatus_Red {
		return fmt.Errorf("collection %s is red: %s: %w", ix.collection, info.GetOptimizerStatus().GetError(), catalog.ErrDamaged)
	}
	points, err := ix.count(ctx)
	if err != nil {
		return err
	}
	if want := uint64(ix.baseAlive()); points < want {
		return fmt.Errorf("collection %s has %d points, want %d or more; build it again: %w", ix.collection, points, want, catalog.ErrDamaged)
	}
	if err := ix.compare(ctx, ix.sample(openSample)); err != nil {
		return err
	}
	ix.checked.Store(true)
	return nil
}

func (ix *Index) info(ctx context.Context) (*api.CollectionInfo, error) {
	reply, err := ask(ctx, ix.client, "look at collection "+ix.collection, func(ctx context.Context) (*api.GetCollectionInfoResponse, error) {
		return ix.client.rpc.Collections().Get(ctx, &api.GetCollectionInfoRequest{CollectionName: ix.collection})
	})
	return reply.GetResult(), err
}

// count returns how many points there are, exactly.
func (ix *Index) count(ctx context.Context) (uint64, error) {
	reply, err := ask(ctx, ix.client, "count points", func(ctx context.Context) (*api.CountResponse, error) {
		return ix.client.rpc.Points().Count(ctx, &api.CountPoints{CollectionName: ix.collection, Exact: api.PtrOf(true)})
	})
	return reply.GetResult().GetCount(), err
}

// baseAlive returns how many rows of the build are not of zeros.
func (ix *Index) baseAlive() int {
	n := 0
	for row := range uint32(len(ix.base) / ix.dims) {
		if !indexer.ZeroRow(ix.base, ix.dims, row) {
			n++
		}
	}
	return n
}

// sample returns at most n rows of the build that are not of zeros, evenly spread.
func (ix *Index) sample(n int) []uint32 {
	total := len(ix.base) / ix.dims
	var rows []uint32
	for i := range min(n, total) {
		row := uint32(i * total / min(n, total))
		for int(row) < total && indexer.ZeroRow(ix.base, ix.dims, row) {
			row++
		}
		if int(row) < total && !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// compare returns an error that wraps [catalog.ErrDamaged] unless the points of rows are
// those of the build, to the bit.
func (ix *Index) compare(ctx context.Context, rows []uint32) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]*api.PointId, len(rows))
	for i, row := range rows {
		ids[i] = api.NewIDNum(uint64(row))
	}
	reply, err := ask(ctx, ix.client, "read points", func(ctx context.Context) (*api.GetResponse, error) {
		return ix.client.rpc.Points().Get(ctx, &api.GetPoints{
			CollectionName: ix.collection, Ids: ids, WithPayload: api.NewWithPayload(false), WithVectors: api.NewWithVectors(true),
		})
	})
	if err != nil {
		return missing(err, ix.collection)
	}
	there := make(map[uint64][]float32, len(rows))
	for _, p := range reply.GetResult() {
		there[p.GetId().GetNum()] = p.GetVectors().GetVector().GetDenseVector().GetData()
	}
	for _, row := range rows {
		at := int(row) * ix.dims
		if !slices.Equal(there[uint64(row)], ix.base[at:at+ix.dims]) {
			return fmt.Errorf("collection %s holds another vector for row %d, or none; it belongs to another build: %w", ix.collection, row, catalog.ErrDamaged)
		}
	}
	return nil
}

// checkBuilt is what a collection must pass before it is marked complete.
func (ix *Index) checkBuilt(ctx context.Context) error {
	points, err := ix.count(ctx)
	if err != nil {
		return err
	}
	if points != uint64(ix.alive) {
		return fmt.Errorf("collection %s has %d points, %d were sent: %w", ix.collection, points, ix.alive, catalog.ErrDamaged)
	}
	if err := ix.Check(ctx); err != nil {
		return err
	}
	if err := ix.compare(ctx, ix.sample(buildSample)); err != nil {
		return err
	}
	exact := ix.Exact().Patient()
	for _, row := range ix.sample(exactSample) {
		q := ix.vector(row)
		truth, err := ix.scan(ctx, q, exactK, nil)
		if err != nil {
			return err
		}
		hits, err := exact.Search(ctx, q, exactK, nil)
		if err != nil {
			return err
		}
		if indexer.Found(hits, truth) != len(truth) {
			return fmt.Errorf("collection %s: an exact search near row %d gives %v, want %v: %w", ix.collection, row, hits, truth, catalog.ErrDamaged)
		}
	}
	return nil
}

// scanRows is how many rows a scan scores before it looks at the context again.
const scanRows = 1024

// scan returns the k nearest rows of the build but those of out, exactly, from the
// vectors at hand.
func (ix *Index) scan(ctx context.Context, q []float32, k int, out map[uint32]bool) ([]indexer.Hit, error) {
	var best indexer.Best
	best.Reset(k)
	if indexer.ZeroRow(q, ix.dims, 0) {
		return nil, nil
	}
	for row := range uint32(len(ix.base) / ix.dims) {
		if row%scanRows == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if v := ix.vector(row); v != nil && !out[row] {
			best.Offer(indexer.Hit{Row: row, Score: vec.Dot(q, v)})
		}
	}
	return best.Sorted(), nil
}
