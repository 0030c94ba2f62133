package exposure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"marquee/catalog"
)

// A Writer keeps lists: the store, or a topic.
type Writer interface {
	// WriteExposures keeps all of a batch, or returns an error and may be called
	// with it again: a list that was kept already is not kept twice, or can be
	// told by its request id.
	WriteExposures(ctx context.Context, lists []catalog.Exposure) error
}

// Config bounds a recorder. Start from [DefaultConfig].
type Config struct {
	Queue    int           // lists that may wait, 1 or more
	Batch    int           // lists in one write, 1 or more
	Wait     time.Duration // longest time that a list waits for its batch
	Timeout  time.Duration // of one write
	Attempts int           // at one batch, 1 or more; then it is dropped
	Pause    time.Duration // between attempts
	Drain    time.Duration // given to what waits at the end
}

// DefaultConfig returns a queue of 20,000 lists, some 20 MB, and a write every
// second.
func DefaultConfig() Config {
	return Config{Queue: 20_000, Batch: 1000, Wait: time.Second, Timeout: 10 * time.Second, Attempts: 5, Pause: time.Second, Drain: 5 * time.Second}
}

// Validate reports every fault in one error that wraps [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
		}
	}
	want(c.Queue >= 1 && c.Queue <= 10_000_000, "queue is %d lists, want 1 to 10000000", c.Queue)
	want(c.Batch >= 1 && c.Batch <= 100_000, "batch is %d lists, want 1 to 100000", c.Batch)
	want(c.Wait > 0 && c.Timeout > 0 && c.Pause > 0 && c.Drain > 0, "wait is %v, timeout %v, pause %v, drain %v, want more than 0", c.Wait, c.Timeout, c.Pause, c.Drain)
	want(c.Attempts >= 1, "attempts is %d, want 1 or more", c.Attempts)
	return errors.Join(errs...)
}

// Stats counts lists since the start.
type Stats struct {
	Kept    int64 // by every writer
	Dropped int64 // because the queue was full, or a writer refused them too often
	Waiting int   // in the queue now
}

// A Recorder takes lists from any number of goroutines and writes them from one.
type Recorder struct {
	cfg     Config
	log     *slog.Logger
	writers []Writer
	queue   chan catalog.Exposure
	kept    atomic.Int64
	dropped atomic.Int64
	full    atomic.Bool // told once, until there is room again
}

// New returns a recorder that writes to all of writers. It returns an error that
// wraps [catalog.ErrInvalid] for a Config that is not valid.
func New(cfg Config, log *slog.Logger, writers ...Writer) (*Recorder, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Recorder{cfg: cfg, log: log, writers: writers, queue: make(chan catalog.Exposure, cfg.Queue)}, nil
}

// Record hands over a list. It never waits. The caller must not change e.Movies
// any more.
func (r *Recorder) Record(e catalog.Exposure) {
	select {
	case r.queue <- e:
	default:
		r.dropped.Add(1)
		if !r.full.Swap(true) {
			r.log.Warn("served lists are dropped: they come faster than they can be written, or the writer is away", "queue", r.cfg.Queue)
		}
	}
}

// Stats returns what became of lists so far.
func (r *Recorder) Stats() Stats {
	return Stats{Kept: r.kept.Load(), Dropped: r.dropped.Load(), Waiting: len(r.queue)}
}

// Run writes until ctx ends, then what waits, within Config.Drain, and returns
// the error of ctx.
func (r *Recorder) Run(ctx context.Context) error {
	// Writes under way when ctx ends are not cut off: they have the drain's time.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	drain := time.AfterFunc(math.MaxInt64, cancel) // never, until ctx ends
	defer drain.Stop()
	defer context.AfterFunc(ctx, func() { drain.Reset(r.cfg.Drain) })()
	batch := make([]catalog.Exposure, 0, r.cfg.Batch)
	for {
		batch = r.fill(ctx, batch[:0])
		if len(batch) == 0 { // only once ctx has ended
			return ctx.Err()
		}
		r.write(life, batch)
	}
}

// fill returns the next batch: when it is full, or Config.Wait after its first
// list, or when ctx ends; then it may be empty.
func (r *Recorder) fill(ctx context.Context, batch []catalog.Exposure) []catalog.Exposure {
	select {
	case e := <-r.queue:
		batch = append(batch, e)
	case <-ctx.Done():
		return r.take(batch)
	}
	late := time.NewTimer(r.cfg.Wait)
	defer late.Stop()
	for len(batch) < r.cfg.Batch {
		select {
		case e := <-r.queue:
			batch = append(batch, e)
		case <-late.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// take returns what waits now, up to a batch.
func (r *Recorder) take(batch []catalog.Exposure) []catalog.Exposure {
	for len(batch) < r.cfg.Batch {
		select {
		case e := <-r.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// write gives batch to every writer. One that fails keeps the others from
// nothing.
func (r *Recorder) write(ctx context.Context, batch []catalog.Exposure) {
	kept := true
	for _, w := range r.writers {
		if err := r.attempt(ctx, w, batch); err != nil {
			kept = false
			r.drop(len(batch), err)
		}
	}
	if kept {
		r.kept.Add(int64(len(batch)))
		r.full.Store(false)
	}
}

func (r *Recorder) attempt(ctx context.Context, w Writer, batch []catalog.Exposure) error {
	var err error
	for n := range r.cfg.Attempts {
		if n > 0 {
			select {
			case <-time.After(r.cfg.Pause):
			case <-ctx.Done():
				return err
			}
		}
		if err = r.once(ctx, w, batch); err == nil || errors.Is(err, catalog.ErrInvalid) {
			return err
		}
	}
	return err
}

func (r *Recorder) once(ctx context.Context, w Writer, batch []catalog.Exposure) error {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	return w.WriteExposures(ctx, batch)
}

func (r *Recorder) drop(n int, err error) {
	r.dropped.Add(int64(n))
	r.log.Warn("served lists could not be kept", "lists", n, "error", err)
}
