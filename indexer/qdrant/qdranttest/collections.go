package qdranttest

import (
	"context"
	"maps"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type collections struct {
	api.UnimplementedCollectionsServer
	*store
}

func done(result bool) *api.CollectionOperationResponse {
	return &api.CollectionOperationResponse{Result: result}
}

func (s *collections) Create(_ context.Context, r *api.CreateCollection) (*api.CollectionOperationResponse, error) {
	if err := checkConfig(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.GetCollectionName()
	if s.collections[name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
	}
	if _, ok := s.aliases[name]; ok {
		return nil, invalid("Can't create collection with name %s. Alias with the same name already exists", name)
	}
	s.collections[name] = &collection{
		config: r, dims: int(r.GetVectorsConfig().GetParams().GetSize()),
		points: make(map[id]*point), indexes: make(map[string]api.FieldType),
	}
	return done(true), nil
}

func checkConfig(r *api.CreateCollection) error {
	if err := checkName(r.GetCollectionName()); err != nil {
		return err
	}
	params := r.GetVectorsConfig().GetParams()
	if size := params.GetSize(); size < 1 || size > 65536 {
		return invalid("vectors.size: value %d invalid, must be from 1 to 65536", size)
	}
	if params.GetDistance() == api.Distance_UnknownDistance {
		return invalid("unknown distance")
	}
	if h := r.GetHnswConfig(); h.EfConstruct != nil && h.GetEfConstruct() < 4 {
		return invalid("hnsw_config.ef_construct: value %d invalid, must be 4 or larger", h.GetEfConstruct())
	}
	if q := r.GetQuantizationConfig().GetScalar(); q != nil && (q.GetType() != api.QuantizationType_Int8 || q.Quantile != nil && !(q.GetQuantile() >= 0.5 && q.GetQuantile() <= 1)) {
		return invalid("quantization_config.scalar is %v", q)
	}
	return nil
}

func (s *collections) Get(_ context.Context, r *api.GetCollectionInfoRequest) (*api.GetCollectionInfoResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	state := api.CollectionStatus_Green
	switch {
	case c.asleep > 0:
		state = api.CollectionStatus_Grey
	case c.unseen:
		c.unseen = false
	case c.busy > 0:
		c.busy--
		state = api.CollectionStatus_Yellow
	}
	n := uint64(len(c.points))
	return &api.GetCollectionInfoResponse{Result: &api.CollectionInfo{
		Status: state, OptimizerStatus: &api.OptimizerStatus{Ok: true}, SegmentsCount: 2,
		PointsCount: &n, IndexedVectorsCount: api.PtrOf(uint64(0)),
		Config: &api.CollectionConfig{
			Params:     &api.CollectionParams{VectorsConfig: c.config.GetVectorsConfig(), ShardNumber: 1},
			HnswConfig: c.config.GetHnswConfig(), OptimizerConfig: c.config.GetOptimizersConfig(),
			QuantizationConfig: c.config.GetQuantizationConfig(),
		},
	}}, nil
}

// Update wakes the optimizer; the parameters of a collection stay as they are.
func (s *collections) Update(_ context.Context, r *api.UpdateCollection) (*api.CollectionOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	c.asleep = max(0, c.asleep-1)
	return &api.CollectionOperationResponse{Result: true}, nil
}

func (s *collections) List(context.Context, *api.ListCollectionsRequest) (*api.ListCollectionsResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &api.ListCollectionsResponse{}
	for name := range s.collections { // in no order, as the real one
		out.Collections = append(out.Collections, &api.CollectionDescription{Name: name})
	}
	return out, nil
}

func (s *collections) CollectionExists(_ context.Context, r *api.CollectionExistsRequest) (*api.CollectionExistsResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, err := s.find(r.GetCollectionName())
	return &api.CollectionExistsResponse{Result: &api.CollectionExists{Exists: err == nil}}, nil
}

// Delete does not follow aliases, and takes those of the collection along.
func (s *collections) Delete(_ context.Context, r *api.DeleteCollection) (*api.CollectionOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.GetCollectionName()
	if s.collections[name] == nil {
		return done(false), nil
	}
	delete(s.collections, name)
	maps.DeleteFunc(s.aliases, func(_, target string) bool { return target == name })
	return done(true), nil
}

// UpdateAliases does all of the actions, or none.
func (s *collections) UpdateAliases(_ context.Context, r *api.ChangeAliases) (*api.CollectionOperationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.aliases)
	for _, action := range r.GetActions() {
		switch a := action.GetAction().(type) {
		case *api.AliasOperations_CreateAlias:
			name, target := a.CreateAlias.GetAliasName(), a.CreateAlias.GetCollectionName()
			if err := checkName(name); err != nil {
				return nil, err
			}
			if s.collections[target] == nil {
				return nil, status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", target)
			}
			if s.collections[name] != nil {
				return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
			}
			next[name] = target
		case *api.AliasOperations_DeleteAlias:
			delete(next, a.DeleteAlias.GetAliasName())
		case *api.AliasOperations_RenameAlias:
			old := a.RenameAlias.GetOldAliasName()
			if _, ok := next[old]; !ok {
				return nil, status.Errorf(codes.NotFound, "Not found: Alias %s does not exists!", old)
			}
			next[a.RenameAlias.GetNewAliasName()] = next[old]
			delete(next, old)
		default:
			return nil, status.Error(codes.InvalidArgument, "Malformed AliasOperation type")
		}
	}
	s.aliases = next
	return done(true), nil
}

func (s *collections) ListAliases(context.Context, *api.ListAliasesRequest) (*api.ListAliasesResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &api.ListAliasesResponse{Aliases: s.aliasesOf("")}, nil
}

func (s *collections) ListCollectionAliases(_ context.Context, r *api.ListCollectionAliasesRequest) (*api.ListAliasesResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.find(r.GetCollectionName()); err != nil {
		return nil, err
	}
	return &api.ListAliasesResponse{Aliases: s.aliasesOf(r.GetCollectionName())}, nil
}

// aliasesOf returns the aliases of a collection, or with an empty name all.
func (s *collections) aliasesOf(collection string) []*api.AliasDescription {
	var all []*api.AliasDescription
	for _, alias := range slices.Sorted(maps.Keys(s.aliases)) {
		if target := s.aliases[alias]; collection == "" || target == collection {
			all = append(all, &api.AliasDescription{AliasName: alias, CollectionName: target})
		}
	}
	return all
}
