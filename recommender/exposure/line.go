package exposure

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A line carries lists to one writer.
type line struct {
	cfg     Config
	log     *slog.Logger
	writer  Named
	queue   chan catalog.Exposure
	kept    atomic.Int64
	dropped atomic.Int64
	bare    atomic.Int64
	full    atomic.Bool // told once, until there is room again
}

func (l *line) record(e catalog.Exposure) {
	// One list that cannot be stored would cost all of its batch.
	if e.Input != nil && (len(l.queue) >= l.cfg.Inputs || len(e.Input) > catalog.MaxInputBytes) {
		e.Input = nil
		l.bare.Add(1)
	}
	select {
	case l.queue <- e:
	default:
		l.dropped.Add(1)
		if !l.full.Swap(true) {
			l.log.Warn("served lists are dropped: they come faster than they can be written, or the writer is away", "queue", l.cfg.Queue)
		}
	}
}

// run writes until ctx ends, then what waits, within Config.Drain.
func (l *line) run(ctx context.Context) {
	// Writes under way when ctx ends are not cut off: they have the drain's time.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	drain := time.AfterFunc(math.MaxInt64, cancel) // never, until ctx ends
	defer drain.Stop()
	defer context.AfterFunc(ctx, func() { drain.Reset(l.cfg.Drain) })()
	batch := make([]catalog.Exposure, 0, l.cfg.Batch)
	for {
		batch = l.fill(ctx, batch[:0])
		if len(batch) == 0 { // only once ctx has ended
			return
		}
		l.write(life, batch)
	}
}

// fill returns the next batch: when it is full, or Config.Wait after its first
// list, or when ctx ends; then it may be empty.
func (l *line) fill(ctx context.Context, batch []catalog.Exposure) []catalog.Exposure {
	select {
	case e := <-l.queue:
		batch = append(batch, e)
	case <-ctx.Done():
		return l.take(batch)
	}
	late := time.NewTimer(l.cfg.Wait)
	defer late.Stop()
	for len(batch) < l.cfg.Batch {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		case <-late.C:
			return batch
		case <-ctx.Done():
			return l.take(batch)
		}
	}
	return batch
}

// take adds what waits now, up to a batch.
func (l *line) take(batch []catalog.Exposure) []catalog.Exposure {
	for len(batch) < l.cfg.Batch {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// write gives batch to the writer, several times if need be, or drops it.
func (l *line) write(ctx context.Context, batch []catalog.Exposure) {
	if err := l.attempt(ctx, batch); err != nil {
		l.dropped.Add(int64(len(batch)))
		l.log.Warn("served lists could not be kept", "lists", len(batch), "error", err)
		return
	}
	l.kept.Add(int64(len(batch)))
	l.full.Store(false)
}

func (l *line) attempt(ctx context.Context, batch []catalog.Exposure) error {
	var err error
	for n := range l.cfg.Attempts {
		if n > 0 {
			select {
			case <-time.After(l.cfg.Pause):
			case <-ctx.Done():
				return err
			}
		}
		if err = l.once(ctx, batch); err == nil || errors.Is(err, catalog.ErrInvalid) {
			return err
		}
	}
	return err
}

func (l *line) once(ctx context.Context, batch []catalog.Exposure) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	return l.writer.WriteExposures(ctx, batch)
}
