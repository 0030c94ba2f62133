package qdranttest

import (
	"context"
	"fmt"
	"slices"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type snapshots struct {
	api.UnimplementedSnapshotsServer
	*store
}

func (s *snapshots) Create(_ context.Context, r *api.CreateSnapshotRequest) (*api.CreateSnapshotResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	c.made++
	d := &api.SnapshotDescription{
		Name:         fmt.Sprintf("%s-%d.snapshot", r.GetCollectionName(), c.made),
		CreationTime: timestamppb.New(time.Now()), Size: int64(4 * c.dims * len(c.points)),
	}
	c.snapshots = append(c.snapshots, d)
	return &api.CreateSnapshotResponse{SnapshotDescription: d}, nil
}

func (s *snapshots) List(_ context.Context, r *api.ListSnapshotsRequest) (*api.ListSnapshotsResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	return &api.ListSnapshotsResponse{SnapshotDescriptions: slices.Clone(c.snapshots)}, nil
}

func (s *snapshots) Delete(_ context.Context, r *api.DeleteSnapshotRequest) (*api.DeleteSnapshotResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.GetCollectionName())
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(c.snapshots, func(d *api.SnapshotDescription) bool { return d.GetName() == r.GetSnapshotName() })
	if at < 0 {
		return nil, status.Errorf(codes.NotFound, "Not found: Snapshot %s not found", r.GetSnapshotName())
	}
	c.snapshots = slices.Delete(c.snapshots, at, at+1)
	return &api.DeleteSnapshotResponse{}, nil
}
