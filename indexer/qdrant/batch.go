package qdrant

import (
	"context"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// A batch collects points and sends them, at most Config.Batch and some
// Config.BatchBytes at once. A point that is sent again takes the place of itself, so
// that a batch whose answer was lost is sent again as it is.
type batch struct {
	*Client
	collection string
	sent       func(points int)

	points []*api.PointStruct
	bytes  int
}

func (b *batch) add(ctx context.Context, p *api.PointStruct) error {
	bytes := proto.Size(p)
	if len(b.points) == b.cfg.Batch || len(b.points) > 0 && b.bytes+bytes > b.cfg.BatchBytes {
		if err := b.send(ctx); err != nil {
			return err
		}
	}
	b.points = append(b.points, p)
	b.bytes += bytes
	return nil
}

func (b *batch) send(ctx context.Context) error {
	if len(b.points) == 0 {
		return nil
	}
	what := fmt.Sprintf("upload %d points", len(b.points))
	_, err := ask(ctx, b.Client, what, func(ctx context.Context) (*api.PointsOperationResponse, error) {
		return applied(b.rpc.Points().Upsert(ctx, &api.UpsertPoints{
			CollectionName: b.collection, Wait: api.PtrOf(true), Points: b.points,
		}))
	})
	if err != nil {
		return missing(err, b.collection)
	}
	b.sent(len(b.points))
	b.points, b.bytes = nil, 0
	return nil
}
