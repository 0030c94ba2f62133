package qdrant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
	"marquee/indexer"
)

// An Index searches one collection. Nothing changes it; any number of goroutines may
// search it. It is of use until its Client is closed.
type Index struct {
	client     *Client
	collection string
	base       []float32 // [points of the build x dims], the caller's, never written
	dims       int
	ef         int
	quantised  bool
	exact      bool         // ask for exact searches
	patient    bool         // try searches again, with all the time there is
	checked    *atomic.Bool // the collection was seen to hold base; shared by all that came of one

	rows    int               // those of base and those that came later
	alive   int               // of them, those that are not zeros
	own     map[uint32]point  // rows that came or changed later
	byID    map[string]uint32 // of own
	moved   []*api.PointId    // points of base that stand for rows as they were; at most Config.MaxIDs
	waiting []uint32          // rows of own that the server does not have, ascending
}

// A point is a row as it came later.
type point struct {
	vector  []float32 // nil: found no more
	id      string
	payload *Payload // nil: not known
	waits   bool     // not sent yet: the server could not be reached
}

var (
	_ indexer.Batcher = (*Index)(nil)
	_ indexer.Changer = (*Index)(nil)
)

func (c *Client) index(collection string, vecs []float32, dims, ef int) *Index {
	ix := &Index{
		client: c, collection: collection, base: vecs, dims: dims, ef: ef, quantised: c.cfg.Quantise,
		checked: new(atomic.Bool), rows: len(vecs) / dims,
	}
	for row := range uint32(ix.rows) {
		if !indexer.ZeroRow(vecs, dims, row) {
			ix.alive++
		}
	}
	return ix
}

// Open opens a collection, or with an empty name the one that the alias names, as an
// index of vecs, [rows x dims], which are shared, and checks that it holds them. Errors
// wrap [catalog.ErrNotFound], indexer.ErrDims, indexer.ErrRow, [catalog.ErrDamaged] for
// a collection of other vectors, or [catalog.ErrUnavailable].
func (c *Client) Open(ctx context.Context, collection string, vecs []float32, dims int) (*Index, error) {
	if err := indexer.CheckRows(vecs, dims); err != nil {
		return nil, err
	}
	if collection == "" {
		var err error
		if collection, err = c.Live(ctx); err != nil {
			return nil, err
		}
	}
	ix := c.index(collection, vecs, dims, c.cfg.Ef)
	return ix, ix.Check(ctx)
}

// Len returns the number of rows, those of zeros included.
func (ix *Index) Len() int { return ix.rows }

// Dims returns the length of a row.
func (ix *Index) Dims() int { return ix.dims }

// Collection returns the name of the collection.
func (ix *Index) Collection() string { return ix.collection }

// Config returns what the collection was built with; Ef is what searches use.
func (ix *Index) Config() Config {
	cfg := ix.client.cfg
	cfg.Ef = ix.ef
	return cfg
}

// Exact returns an index over the same collection whose searches look at every point,
// for checks of recall.
func (ix *Index) Exact() *Index {
	y := *ix
	y.exact = true
	return &y
}

// WithEf returns an index over the same collection whose searches keep so many
// candidates, 1 to 65536: more find more and take longer.
func (ix *Index) WithEf(ef int) (*Index, error) {
	if ef < 1 || ef > maxEf {
		return nil, fmt.Errorf("qdrant: ef is %d, want 1 to %d: %w", ef, maxEf, catalog.ErrInvalid)
	}
	y := *ix
	y.ef = ef
	return &y, nil
}

// Patient returns an index over the same collection whose searches are tried again like
// everything else, each attempt with Config.WriteTimeout: for work that nobody waits for.
func (ix *Index) Patient() *Index {
	y := *ix
	y.patient = true
	return &y
}

// Publish checks that the collection is there and holds the vectors of ix, lets the
// alias name it, and removes the complete collections that are older, but
// Config.Keep of them. If it fails before the alias moved, the old one stays live.
func (ix *Index) Publish(ctx context.Context) error {
	if err := ix.Check(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := ix.client.publish(ctx, ix.collection); err != nil {
		return err
	}
	live, err := ix.client.Live(ctx)
	if err != nil {
		return err
	}
	if live != ix.collection {
		return fmt.Errorf("alias %q names collection %s after %s was published; does another program publish? %w",
			ix.client.cfg.Alias, live, ix.collection, catalog.ErrConflict)
	}
	_, err = ix.client.prune(ctx)
	return err
}

// vector returns a row, nil if it is of zeros.
func (ix *Index) vector(row uint32) []float32 {
	if p, later := ix.own[row]; later {
		return p.vector
	}
	if indexer.ZeroRow(ix.base, ix.dims, row) {
		return nil
	}
	at := int(row) * ix.dims
	return ix.base[at : at+ix.dims : at+ix.dims]
}

// id returns the id of the point of a row.
func (ix *Index) id(row uint32) *api.PointId {
	if p, later := ix.own[row]; later && p.vector != nil {
		return api.NewIDUUID(p.id)
	}
	return api.NewIDNum(uint64(row))
}

// rowOf returns the row of a point; not ok if the point is none of this index: of a row
// as it was before, or one that another server sent.
func (ix *Index) rowOf(id *api.PointId) (row uint32, ok bool) {
	switch id := id.GetPointIdOptions().(type) {
	case *api.PointId_Num:
		if id.Num >= uint64(len(ix.base)/ix.dims) {
			return 0, false
		}
		_, changed := ix.own[uint32(id.Num)]
		return uint32(id.Num), !changed
	case *api.PointId_Uuid:
		row, ok = ix.byID[id.Uuid]
	}
	return row, ok
}

// ready makes sure once that the collection holds the vectors of ix, within limited.
func (ix *Index) ready(ctx, limited context.Context) error {
	if ix.checked.Load() {
		return nil
	}
	b := ix.client.breaker
	if !ix.patient && !b.TryAcquirePermit() {
		return ix.client.resting("check collection " + ix.collection)
	}
	err := ix.Check(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = fmt.Errorf("%w: %w", err, catalog.ErrUnavailable)
	}
	switch {
	case ix.patient:
	case err != nil:
		b.RecordFailure()
	default:
		b.RecordSuccess()
	}
	return err
}

// clone returns a copy of ix whose maps may be changed.
func (ix *Index) clone() *Index {
	y := *ix
	y.own, y.byID = maps.Clone(ix.own), maps.Clone(ix.byID)
	if y.own == nil {
		y.own, y.byID = make(map[uint32]point), make(map[string]uint32)
	}
	return &y
}

// space is the namespace of the ids of points that came later.
var space = uuid.MustParse("6d617271-7565-4e65-a8d5-6c6174657200")

// limit returns ctx with the time of a search.
func (ix *Index) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if ix.patient {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, ix.client.cfg.Timeout)
}

// fetch makes a call of a search.
func fetch[T any](ctx, limited context.Context, ix *Index, what string, do func(context.Context) (T, error)) (T, error) {
	if ix.patient {
		return ask(ctx, ix.client, what, do)
	}
	return once(ctx, limited, ix.client, what, do)
}

// sleep waits for d, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// missing says what to do about a collection that is not there.
func missing(err error, collection string) error {
	if errors.Is(err, catalog.ErrNotFound) {
		return fmt.Errorf("collection %s is not on the server; build the index again, or restore a snapshot of it: %w", collection, err)
	}
	return err
}
