package qdranttest

import (
	"context"
	"maps"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type points struct {
	api.UnimplementedPointsServer
	*store
}

// dense returns a vector of a collection, as go-client sends it.
func (c *collection) dense(v *api.Vectors) ([]float32, error) {
	data := v.GetVector().GetDense().GetData()
	if len(data) != c.dims {
		return nil, invalid("Vector dimension error: expected dim: %d, got %d", c.dims, len(data))
	}
	return data, nil
}

func (s *points) Upsert(_ context.Context, r *api.UpsertPoints) (*api.PointsOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if len(r.GetPoints()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "Bad request: Empty update request")
	}
	all := make([]*point, len(r.GetPoints()))
	for i, p := range r.GetPoints() {
		at, err := idOf(p.GetId())
		if err != nil {
			return nil, err
		}
		v, err := c.dense(p.GetVectors())
		if err != nil {
			return nil, err
		}
		all[i] = &point{id: at, vector: v, payload: p.GetPayload()}
	}
	for _, p := range all {
		c.points[p.id] = p
	}
	return s.touched(c), nil
}

func (s *points) Delete(_ context.Context, r *api.DeletePoints) (*api.PointsOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	ids, err := idSet(r.GetPoints().GetPoints().GetIds())
	if err != nil {
		return nil, err
	}
	match, err := c.matcher(r.GetPoints().GetFilter())
	if err != nil {
		return nil, err
	}
	byFilter := r.GetPoints().GetFilter() != nil
	maps.DeleteFunc(c.points, func(at id, p *point) bool { return ids[at] || byFilter && match(p) })
	return s.touched(c), nil
}

// Get leaves out points that are not there.
func (s *points) Get(_ context.Context, r *api.GetPoints) (*api.GetResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	out := &api.GetResponse{}
	for _, p := range r.GetIds() {
		at, err := idOf(p)
		if err != nil {
			return nil, err
		}
		if p := c.points[at]; p != nil {
			out.Result = append(out.Result, retrieved(p, r.GetWithPayload(), r.GetWithVectors()))
		}
	}
	return out, nil
}

func retrieved(p *point, payload *api.WithPayloadSelector, vectors *api.WithVectorsSelector) *api.RetrievedPoint {
	out := &api.RetrievedPoint{Id: p.id.proto(), Payload: selected(p, payload)}
	if vectors.GetEnable() {
		out.Vectors = vectorsOf(p)
	}
	return out
}

func selected(p *point, with *api.WithPayloadSelector) map[string]*api.Value {
	switch with := with.GetSelectorOptions().(type) {
	case *api.WithPayloadSelector_Enable:
		if with.Enable {
			return p.payload
		}
	case *api.WithPayloadSelector_Include:
		out := make(map[string]*api.Value)
		for _, field := range with.Include.GetFields() {
			if v, ok := p.payload[field]; ok {
				out[field] = v
			}
		}
		return out
	}
	return nil
}

func vectorsOf(p *point) *api.VectorsOutput {
	return &api.VectorsOutput{VectorsOptions: &api.VectorsOutput_Vector{
		Vector: &api.VectorOutput{Vector: &api.VectorOutput_Dense{Dense: &api.DenseVector{Data: p.vector}}},
	}}
}

func (s *points) Scroll(_ context.Context, r *api.ScrollPoints) (*api.ScrollResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	match, err := c.matcher(r.GetFilter())
	if err != nil {
		return nil, err
	}
	limit := 10
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	if limit < 1 {
		return nil, invalid("limit: value 0 invalid, must be 1 or larger")
	}
	var from id
	if r.GetOffset() != nil {
		if from, err = idOf(r.GetOffset()); err != nil {
			return nil, err
		}
	}
	out := &api.ScrollResponse{}
	for _, at := range slices.SortedFunc(maps.Keys(c.points), id.compare) {
		if at.compare(from) < 0 || !match(c.points[at]) {
			continue
		}
		if len(out.Result) == limit {
			out.NextPageOffset = at.proto()
			break
		}
		out.Result = append(out.Result, retrieved(c.points[at], r.GetWithPayload(), r.GetWithVectors()))
	}
	return out, nil
}

func (s *points) Count(_ context.Context, r *api.CountPoints) (*api.CountResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	match, err := c.matcher(r.GetFilter())
	if err != nil {
		return nil, err
	}
	var n uint64
	for _, p := range c.points {
		if match(p) {
			n++
		}
	}
	return &api.CountResponse{Result: &api.CountResult{Count: n}}, nil
}

func (s *points) CreateFieldIndex(_ context.Context, r *api.CreateFieldIndexCollection) (*api.PointsOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	if r.GetFieldName() == "" || r.FieldType == nil {
		return nil, status.Error(codes.InvalidArgument, "Malformed field index")
	}
	c.indexes[r.GetFieldName()] = r.GetFieldType()
	return s.touched(c), nil
}
