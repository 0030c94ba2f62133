package qdrant

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/catalog"
	"marquee/indexer"
)

// A Source is what a collection is built from.
type Source struct {
	Name     string    // of the build; letters, digits, "-", "_" and "."
	Vectors  []float32 // [rows x Dims], of unit length or of zeros; shared, not to be changed while the index is used
	Dims     int
	Payloads []Payload // of every row, or empty
}

// maxDims is the longest vector that Qdrant takes.
const maxDims = 1 << 16

func (s Source) check() error {
	if err := indexer.CheckRows(s.Vectors, s.Dims); err != nil {
		return err
	}
	if s.Dims > maxDims {
		return fmt.Errorf("vectors of %d values, Qdrant takes at most %d: %w", s.Dims, maxDims, indexer.ErrDims)
	}
	if rows := len(s.Vectors) / s.Dims; len(s.Payloads) != 0 && len(s.Payloads) != rows {
		return fmt.Errorf("%d payloads for %d rows, want one each or none: %w", len(s.Payloads), rows, catalog.ErrInvalid)
	}
	return nil
}

// Build makes a collection of src and measures it: cal.HeldOut rows stay out until the
// rest is in and the server's optimizer has finished, the recall at cal.K on them and
// on cal.Profiles is compared with an exact scan, Config.Ef becomes the least tried at
// which both reach cal.Floor, and the rows held out go in. Then the collection is
// checked (how many points there are, a sample of them, exact searches) and marked
// complete; it is not live before [Index.Publish]. What does not come so far is removed
// again; what killed builds left is swept first.
//
// Build does not refuse a collection below the floor; the caller gives Measured to
// indexer.CheckFloor before it publishes. progress, if not nil, is called from this
// goroutine with the points that are in and the points that will be. Errors wrap those
// of [Client.Open], [ErrVersion] or [ErrKey], or are of src or cal.
func (c *Client) Build(ctx context.Context, src Source, cal indexer.Calibration,
	progress func(done, total int)) (*Index, indexer.Measured, error) {
	var m indexer.Measured
	if err := src.check(); err != nil {
		return nil, m, err
	}
	if err := cal.Validate(src.Dims); err != nil {
		return nil, m, fmt.Errorf("qdrant: calibration: %w", err)
	}
	now := time.Now()
	name, err := newName(c.cfg.Alias, src.Name, now)
	if err != nil {
		return nil, m, err
	}
	if _, err := c.Health(ctx); err != nil {
		return nil, m, err
	}
	if _, err := c.Sweep(ctx, now.Add(-c.cfg.Abandoned)); err != nil {
		return nil, m, err
	}
	b := &build{Index: c.index(name, src.Vectors, src.Dims, c.cfg.Ef), src: src, progress: progress}
	if m, err = b.run(ctx, cal); err != nil {
		return nil, m, fmt.Errorf("build collection %s: %w", name, errors.Join(err, b.undo(ctx)))
	}
	return b.Index, m, nil
}

// A build is a collection on its way.
type build struct {
	*Index
	src      Source
	progress func(done, total int)
	done     int // points that are in
}

func (b *build) run(ctx context.Context, cal indexer.Calibration) (m indexer.Measured, err error) {
	if err := b.client.create(ctx, b.collection, b.dims, len(b.src.Payloads) > 0); err != nil {
		return m, err
	}
	held := indexer.HoldOut(cal.Seed, b.base, b.dims, cal.HeldOut)
	out := make(map[uint32]bool, len(held))
	for _, row := range held {
		out[row] = true
	}
	if err := b.upload(ctx, func(row uint32) bool { return !out[row] }); err != nil {
		return m, err
	}
	if err := b.settle(ctx); err != nil {
		return m, err
	}
	if m, err = b.calibrate(ctx, held, out, cal); err != nil {
		return m, err
	}
	if len(held) > 0 {
		if err := b.upload(ctx, func(row uint32) bool { return out[row] }); err != nil {
			return m, err
		}
		if err := b.settle(ctx); err != nil {
			return m, err
		}
	}
	if err := b.checkBuilt(ctx); err != nil {
		return m, err
	}
	return m, b.client.mark(ctx, b.collection)
}

// undo removes the collection, even when ctx has ended.
func (b *build) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.client.cfg.WriteTimeout)
	defer cancel()
	if err := b.client.remove(ctx, b.collection); err != nil {
		return fmt.Errorf("it stays until it is swept: %w", err)
	}
	return nil
}

// upload sends the rows that in lets, in batches.
func (b *build) upload(ctx context.Context, in func(row uint32) bool) error {
	batch := &batch{Client: b.client, collection: b.collection, sent: func(points int) {
		b.done += points
		if b.progress != nil {
			b.progress(b.done, b.alive)
		}
	}}
	for row := range uint32(b.rows) {
		v := b.vector(row)
		if v == nil || !in(row) {
			continue
		}
		p := &api.PointStruct{Id: api.NewIDNum(uint64(row)), Vectors: api.NewVectorsDense(v)}
		if len(b.src.Payloads) > 0 {
			p.Payload = b.src.Payloads[row].values()
		}
		if err := batch.add(ctx, p); err != nil {
			return err
		}
	}
	return batch.send(ctx)
}

// settle waits until the server's optimizer has nothing more to do: then every large
// segment has its graph, and a search takes what it will take.
func (b *build) settle(ctx context.Context) error {
	deadline := time.Now().Add(b.client.cfg.WaitTimeout)
	delay := b.client.cfg.MinDelay
	for greens, greys := 0, 0; ; {
		info, err := b.info(ctx)
		if err != nil {
			return missing(err, b.collection)
		}
		switch info.GetStatus() {
		case api.CollectionStatus_Green:
			if greens++; greens == 2 { // once may be before it began
				return nil
			}
		case api.CollectionStatus_Red:
			return fmt.Errorf("optimizer of the server: %s: %w", info.GetOptimizerStatus().GetError(), catalog.ErrDamaged)
		case api.CollectionStatus_Grey: // after a restart of the server: there is work, and nothing has begun it
			if greys++; greys > maxGreys {
				return nil // it is not begun; searches scan what has no graph
			}
			if err := b.wake(ctx); err != nil {
				return err
			}
		default:
			greens = 0
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("optimizer of the server has not finished within %v (%v, %d of %d vectors indexed): %w",
				b.client.cfg.WaitTimeout, info.GetStatus(), info.GetIndexedVectorsCount(), info.GetPointsCount(), catalog.ErrUnavailable)
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, time.Second, b.client.cfg.MaxDelay)
	}
}

// maxGreys is how often a server is asked to begin with what its optimizer has to do.
const maxGreys = 5

// wake lets the optimizer of the server look at the collection again.
func (b *build) wake(ctx context.Context) error {
	_, err := ask(ctx, b.client, "wake the optimizer", func(ctx context.Context) (*api.CollectionOperationResponse, error) {
		return b.client.rpc.Collections().Update(ctx, &api.UpdateCollection{CollectionName: b.collection, OptimizersConfig: &api.OptimizersConfigDiff{}})
	})
	return err
}

// efs returns the widths of search that a calibration tries.
func efs() []int { return []int{32, 64, 128, 256, 512, 1024} }

// calibrate sets the ef of the index to the least that reaches cal.Floor, both on the
// rows held out of the collection and on the profiles, or to the greatest tried.
func (b *build) calibrate(ctx context.Context, held []uint32, out map[uint32]bool, cal indexer.Calibration) (indexer.Measured, error) {
	movies := make([][]float32, len(held))
	for i, row := range held {
		movies[i] = b.vector(row)
	}
	without := b.Patient() // without those held out, which are not on the server yet
	without.alive -= len(held)
	without.checked.Store(true)
	m, err := cal.Measure(ctx, indexer.Trial{
		Backend: "qdrant",
		Dims:    b.dims,
		Efforts: efs(),
		Exact: func(ctx context.Context, q []float32, k int) ([]indexer.Hit, error) {
			return b.scan(ctx, q, k, out)
		},
		Search: func(ctx context.Context, q []float32, k, ef int) ([]indexer.Hit, error) {
			ix, err := without.WithEf(ef)
			if err != nil {
				return nil, err
			}
			return ix.Search(ctx, q, k, nil)
		},
	}, movies)
	b.checked.Store(false)
	if err == nil {
		b.ef = m.Effort
	}
	return m, err
}
