package qdrant

import (
	"context"
	"slices"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"
)

// A Snapshot is a copy of a collection on the server's disk, to be fetched and restored
// by the server's own means.
type Snapshot struct {
	Name     string
	Created  time.Time
	Bytes    int64
	Checksum string // SHA-256, hex; "" if the server says none
}

// Snapshot makes the server write a copy of the collection, within Config.WaitTimeout.
// It makes one attempt: a second one would write a second copy.
func (ix *Index) Snapshot(ctx context.Context) (Snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, ix.client.cfg.WaitTimeout)
	defer cancel()
	reply, err := ix.client.rpc.Snapshots().Create(limited, &api.CreateSnapshotRequest{CollectionName: ix.collection})
	if err != nil {
		return Snapshot{}, missing(ix.client.explain(ctx, err, "snapshot of "+ix.collection), ix.collection)
	}
	return snapshotOf(reply.GetSnapshotDescription()), nil
}

// Snapshots returns the copies of the collection that the server has, newest first.
func (ix *Index) Snapshots(ctx context.Context) ([]Snapshot, error) {
	reply, err := ask(ctx, ix.client, "list snapshots of "+ix.collection, func(ctx context.Context) (*api.ListSnapshotsResponse, error) {
		return ix.client.rpc.Snapshots().List(ctx, &api.ListSnapshotsRequest{CollectionName: ix.collection})
	})
	if err != nil {
		return nil, missing(err, ix.collection)
	}
	all := make([]Snapshot, len(reply.GetSnapshotDescriptions()))
	for i, d := range reply.GetSnapshotDescriptions() {
		all[i] = snapshotOf(d)
	}
	slices.SortFunc(all, func(a, b Snapshot) int {
		if !a.Created.Equal(b.Created) {
			return b.Created.Compare(a.Created)
		}
		return strings.Compare(b.Name, a.Name)
	})
	return all, nil
}

// RemoveSnapshot removes a copy of the collection.
func (ix *Index) RemoveSnapshot(ctx context.Context, name string) error {
	_, err := ask(ctx, ix.client, "remove snapshot "+name, func(ctx context.Context) (*api.DeleteSnapshotResponse, error) {
		return ix.client.rpc.Snapshots().Delete(ctx, &api.DeleteSnapshotRequest{CollectionName: ix.collection, SnapshotName: name})
	})
	return err
}

func snapshotOf(d *api.SnapshotDescription) Snapshot {
	return Snapshot{Name: d.GetName(), Created: d.GetCreationTime().AsTime(), Bytes: d.GetSize(), Checksum: d.GetChecksum()}
}
