package qdranttest

import (
	"cmp"
	"context"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (s *points) Query(_ context.Context, r *api.QueryPoints) (*api.QueryResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, err := s.query(r.GetCollectionName(), r)
	if err != nil {
		return nil, err
	}
	return &api.QueryResponse{Result: found}, nil
}

func (s *points) QueryBatch(ctx context.Context, r *api.QueryBatchPoints) (*api.QueryBatchResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &api.QueryBatchResponse{}
	for _, q := range r.GetQueryPoints() {
		if err := ctx.Err(); err != nil {
			return nil, status.FromContextError(err).Err()
		}
		if q.GetCollectionName() != r.GetCollectionName() {
			return nil, status.Error(codes.InvalidArgument, "Wrong input: collection names of a batch differ")
		}
		found, err := s.query(r.GetCollectionName(), q)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, &api.BatchResult{Result: found})
	}
	return out, nil
}

// A nearest is a query for the points near to a vector.
type nearest struct {
	vector []float32
	self   *id // the point that the vector is of, which is not among its neighbours
	limit  int
	offset int
}

// A scored is a point that was found.
type scored struct {
	*point
	score float32
}

// compare orders as answers are: best first, and ties by descending id, since nobody may
// rely on the other way.
func (a scored) compare(b scored) int {
	return cmp.Or(cmp.Compare(b.score, a.score), b.id.compare(a.id))
}

func (s *points) query(name string, r *api.QueryPoints) ([]*api.ScoredPoint, error) {
	c, err := s.find(name)
	if err != nil {
		return nil, err
	}
	q, err := c.nearest(r)
	if err != nil {
		return nil, err
	}
	match, err := c.matcher(r.GetFilter())
	if err != nil {
		return nil, err
	}
	most := q.offset + q.limit
	blurred := s.blur > 0 && !r.GetParams().GetExact() && r.GetParams().GetHnswEf() < uint64(s.blur)
	if blurred {
		most = len(c.points)
	}
	var all []scored // the best so far, in order
	for _, p := range c.list {
		score := dot(q.vector, p.vector)
		if len(all) == most && (most == 0 || score < all[most-1].score) || r.ScoreThreshold != nil && score < r.GetScoreThreshold() {
			continue
		}
		if q.self != nil && *q.self == p.id || !match(p) {
			continue
		}
		x := scored{p, score}
		at, _ := slices.BinarySearchFunc(all, x, scored.compare)
		if all = slices.Insert(all, at, x); len(all) > most {
			all = all[:most]
		}
	}
	if blurred {
		seen := 0
		all = slices.DeleteFunc(all, func(scored) bool { seen++; return seen%3 == 0 })
	}
	all = all[min(len(all), q.offset):]
	all = all[:min(len(all), q.limit)]
	out := make([]*api.ScoredPoint, len(all))
	for i, p := range all {
		out[i] = &api.ScoredPoint{Id: p.id.proto(), Score: p.score, Version: c.updates, Payload: selected(p.point, r.GetWithPayload())}
		if r.GetWithVectors().GetEnable() {
			out[i].Vectors = vectorsOf(p.point)
		}
	}
	return out, nil
}

func (c *collection) nearest(r *api.QueryPoints) (nearest, error) {
	q := nearest{limit: 10, offset: int(min(r.GetOffset(), 1<<31))}
	if r.Limit != nil {
		q.limit = int(min(r.GetLimit(), 1<<31))
	}
	if q.limit < 1 {
		return q, status.Error(codes.InvalidArgument, "Validation error in body: [limit: value 0 invalid, must be 1 or larger]")
	}
	if ef := r.GetParams().GetQuantization(); ef != nil && ef.Oversampling != nil && ef.GetOversampling() < 1 {
		return q, invalid("params.quantization.oversampling: value %v invalid, must be 1.0 or larger", ef.GetOversampling())
	}
	switch in := r.GetQuery().GetNearest().GetVariant().(type) {
	case *api.VectorInput_Dense:
		if got := len(in.Dense.GetData()); got != c.dims {
			return q, invalid("Vector dimension error: expected dim: %d, got %d", c.dims, got)
		}
		q.vector = in.Dense.GetData()
	case *api.VectorInput_Id:
		at, err := idOf(in.Id)
		if err != nil {
			return q, err
		}
		p := c.points[at]
		if p == nil {
			return q, status.Errorf(codes.NotFound, "Not found: No point with id %v found", at)
		}
		q.vector, q.self = p.vector, &at
	default:
		return q, status.Error(codes.Unimplemented, "qdranttest knows queries by a vector or a point")
	}
	return q, nil
}

func dot(a, b []float32) float32 {
	var sum float32
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
