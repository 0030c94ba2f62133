package exposure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
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
	Inputs   int           // of those, with what they were made from; later ones are kept without
	Batch    int           // lists in one write, 1 or more
	Wait     time.Duration // longest time that a list waits for its batch
	Timeout  time.Duration // of one write
	Attempts int           // at one batch, 1 or more; then it is dropped, or goes to SpillDir
	Pause    time.Duration // between attempts
	Drain    time.Duration // given to what waits at the end

	// SpillDir is a folder for lists that cannot be written: while a writer is away, or its
	// queue is three quarters full. They are written once the writer is back, oldest first,
	// also by the next process. Each process needs a folder of its own; empty: lists that
	// cannot be written are dropped.
	SpillDir   string
	SpillBytes int64 // of each writer's lists on the disk; more wait in the queue, or are dropped

	// Gone reports whether someone was forgotten: their lists are not written from the
	// disk. Nil: nobody was.
	Gone func(catalog.UserID) bool
	// Told reports whether Gone knows of everybody yet; until it does, nothing is written
	// from the disk. Nil: it does.
	Told func() bool
}

// DefaultConfig returns a queue of 20,000 lists, some 20 MB, and a write every
// second. What lists were made from has 4 KB for a history of 165 movies, 8 MB for the
// 2,000 lists that may wait with it; 2,000 of [catalog.MaxInputBytes] have 512 MB.
// There is no folder to spill to; with one, up to 1 GiB, some million lists.
func DefaultConfig() Config {
	return Config{
		Queue: 20_000, Inputs: 2000, Batch: 1000, Wait: time.Second, Timeout: 10 * time.Second, Attempts: 5, Pause: time.Second, Drain: 5 * time.Second,
		SpillBytes: 1 << 30,
	}
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
	want(c.Inputs >= 0, "lists that wait with their input is %d, want 0 or more", c.Inputs)
	want(c.Batch >= 1 && c.Batch <= 100_000, "batch is %d lists, want 1 to 100000", c.Batch)
	want(c.Wait > 0 && c.Timeout > 0 && c.Pause > 0 && c.Drain > 0, "wait is %v, timeout %v, pause %v, drain %v, want more than 0", c.Wait, c.Timeout, c.Pause, c.Drain)
	want(c.SpillDir == "" || c.SpillBytes >= 64<<10, "spill is %d bytes, want 65536 or more", c.SpillBytes)
	want(c.Attempts >= 1, "attempts is %d, want 1 or more", c.Attempts)
	return errors.Join(errs...)
}

// Stats counts lists since the start, for one writer.
type Stats struct {
	Writer  string
	Kept    int64
	Dropped int64 // because its queue and the spill were full, or it refused them too often
	Waiting int   // in its queue now
	Bare    int64 // taken in without what they were made from: too many waited, or it was too long

	Spilled    int64 // put on the disk by this process; those that were written since are among Kept
	SpillBytes int64 // on the disk now
	Torn       int64 // places on the disk that could not be read: cut off by a crash, or damaged
}

// A Recorder takes lists from any number of goroutines and hands them to its
// writers, each of which has a queue and a goroutine of its own: one that hangs
// costs the others nothing.
type Recorder struct {
	lines []*line
}

// A Named is a writer with its name, for logs and metrics.
type Named struct {
	Name string
	Writer
}

// New returns a recorder that writes to all of writers. It returns an error that
// wraps [catalog.ErrInvalid] for a Config that is not valid.
func New(cfg Config, log *slog.Logger, writers ...Named) (*Recorder, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Recorder{}
	for _, w := range writers {
		if cfg.SpillDir != "" {
			if err := os.MkdirAll(spillDir(cfg.SpillDir, w.Name), 0o700); err != nil {
				return nil, fmt.Errorf("folder to spill to: %w; name one that can be written: %w", err, catalog.ErrInvalid)
			}
		}
		r.lines = append(r.lines, newLine(cfg, log, w))
	}
	return r, nil
}

// Record hands over a list. It never waits, nor touches the disk. An Input that is longer than
// [catalog.MaxInputBytes], or comes while Config.Inputs lists wait, is left out; the list
// is kept. The caller must not change e.Movies and e.Input any more.
func (r *Recorder) Record(e catalog.Exposure) {
	for _, l := range r.lines {
		l.record(e)
	}
}

// Stats returns what became of lists so far, for each writer.
func (r *Recorder) Stats() []Stats {
	out := make([]Stats, len(r.lines))
	for i, l := range r.lines {
		out[i] = l.stats()
	}
	return out
}

// Run writes until ctx ends, then what waits, within Config.Drain, and returns
// the error of ctx. With a folder to spill to, what cannot be written by then stays there.
func (r *Recorder) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range r.lines {
		wg.Go(func() { l.run(ctx) })
	}
	wg.Wait()
	<-ctx.Done()
	return ctx.Err()
}
