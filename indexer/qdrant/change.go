package qdrant

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
	"marquee/indexer"
)

// With implements [indexer.Changer]. Rows that come or change are sent to the server as
// points of their own, so that ix, and other servers, go on as before; a row that is
// edited keeps the payload that it had. If the server cannot be reached within
// Config.Timeout, the rows stay here, are found by a scan, and are sent along with the
// next ones: a change does not wait for the server.
func (ix *Index) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	next, err := ix.WithPayloads(ctx, later, nil)
	if err != nil {
		return nil, err
	}
	return next, nil
}

// WithPayloads is [Index.With] for rows with payloads, as many as later; none leaves
// rows as they were.
func (ix *Index) WithPayloads(ctx context.Context, later []indexer.Later, payloads []Payload) (*Index, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(payloads) != 0 && len(payloads) != len(later) {
		return nil, fmt.Errorf("%d payloads for %d rows, want one each or none: %w", len(payloads), len(later), catalog.ErrInvalid)
	}
	last, rows, err := indexer.CheckLater(later, ix.rows, ix.dims)
	if err != nil {
		return nil, err
	}
	told := make(map[uint32]*Payload, len(payloads))
	for i := range payloads {
		p := payloads[i]
		told[later[i].Row] = &p
	}
	next := ix.clone()
	for _, l := range last {
		next.put(l, told[l.Row])
	}
	next.rows = rows
	next.settle()
	if err := next.deliver(ctx, ix); err != nil {
		return nil, err
	}
	return next, nil
}

// put takes a row into the maps.
func (ix *Index) put(l indexer.Later, payload *Payload) {
	old, changed := ix.own[l.Row]
	if int(l.Row) < ix.rows && ix.vector(l.Row) != nil {
		ix.alive--
	}
	if changed && old.vector != nil {
		delete(ix.byID, old.id)
	}
	if payload == nil {
		payload = old.payload
	}
	p := point{payload: payload}
	if !indexer.ZeroRow(l.Vector, ix.dims, 0) {
		p.vector, p.id, p.waits = l.Vector, pointID(l), true
		ix.byID[p.id] = l.Row
		ix.alive++
	}
	ix.own[l.Row] = p
}

// settle brings up to date what follows from own.
func (ix *Index) settle() {
	ix.moved, ix.waiting = nil, nil
	for _, row := range slices.Sorted(maps.Keys(ix.own)) {
		if int(row) < len(ix.base)/ix.dims && len(ix.moved) < ix.client.cfg.MaxIDs {
			ix.moved = append(ix.moved, api.NewIDNum(uint64(row)))
		}
		if ix.own[row].waits {
			ix.waiting = append(ix.waiting, row)
		}
	}
}

// pointID returns the id of the point of a row that came later: the same for the same
// row and vector, whoever sends it.
func pointID(l indexer.Later) string {
	data := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+4*len(l.Vector)), l.Row)
	for _, v := range l.Vector {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return uuid.NewSHA1(space, data).String()
}

// deliver sends the rows that wait. If the server does not take them, they go on waiting.
func (ix *Index) deliver(ctx context.Context, before *Index) error {
	rows := ix.waiting
	if len(rows) == 0 {
		return nil
	}
	limited, cancel := ix.limit(ctx)
	defer cancel()
	if ix.ready(ctx, limited) == nil && ix.payloads(ctx, limited, before, rows) == nil {
		_ = ix.send(ctx, limited, rows)
		ix.settle()
	}
	return ctx.Err() // what else went wrong shows in the next search; the rows are here
}

// payloads reads the payloads of edited rows from the points that they had.
func (ix *Index) payloads(ctx, limited context.Context, before *Index, rows []uint32) error {
	byID := make(map[string]uint32)
	var ids []*api.PointId
	for _, row := range rows {
		if ix.own[row].payload == nil && int64(row) < int64(before.rows) && before.onServer(row) {
			ids = append(ids, before.id(row))
			byID[key(before.id(row))] = row
		}
	}
	for some := range slices.Chunk(ids, ix.client.cfg.Batch) {
		reply, err := fetch(ctx, limited, ix, "read payloads", func(ctx context.Context) (*api.GetResponse, error) {
			return ix.client.rpc.Points().Get(ctx, &api.GetPoints{CollectionName: ix.collection, Ids: some, WithPayload: api.NewWithPayload(true)})
		})
		if err != nil {
			return missing(err, ix.collection)
		}
		for _, p := range reply.GetResult() {
			row, asked := byID[key(p.GetId())]
			if own := ix.own[row]; asked && len(p.GetPayload()) > 0 {
				had := payloadOf(p.GetPayload())
				own.payload = &had
				ix.own[row] = own
			}
		}
	}
	return nil
}

// key returns an id as text.
func key(id *api.PointId) string {
	if u := id.GetUuid(); u != "" {
		return u
	}
	return strconv.FormatUint(id.GetNum(), 10)
}

// send sends points for rows, and marks those that the server took.
func (ix *Index) send(ctx, limited context.Context, rows []uint32) error {
	for some := range slices.Chunk(rows, max(1, min(ix.client.cfg.Batch, ix.client.cfg.BatchBytes/(5*ix.dims+256)))) {
		points := make([]*api.PointStruct, len(some))
		for i, row := range some {
			own := ix.own[row]
			points[i] = &api.PointStruct{Id: api.NewIDUUID(own.id), Vectors: api.NewVectorsDense(own.vector)}
			if own.payload != nil {
				points[i].Payload = own.payload.values()
			} else {
				points[i].Payload = make(map[string]*api.Value, 1)
			}
			points[i].Payload[fieldRow] = api.NewValueInt(int64(row))
		}
		_, err := fetch(ctx, limited, ix, fmt.Sprintf("send %d later points", len(points)), func(ctx context.Context) (*api.PointsOperationResponse, error) {
			return applied(ix.client.rpc.Points().Upsert(ctx, &api.UpsertPoints{CollectionName: ix.collection, Wait: api.PtrOf(true), Points: points}))
		})
		if err != nil {
			return missing(err, ix.collection)
		}
		for _, row := range some {
			own := ix.own[row]
			own.waits = false
			ix.own[row] = own
		}
	}
	return nil
}
