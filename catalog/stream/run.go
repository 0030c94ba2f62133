package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
)

// maxSeeks is how often in a row a sink may send the source elsewhere. Twice
// happens when another reader of the partition gets in between; without a
// bound, two readers could chase each other for ever.
const maxSeeks = 10

// RunConfig says how [Run] deals with a store that is away, and whom it tells.
// Start from [DefaultRunConfig]; the zero RunConfig does not retry.
type RunConfig struct {
	MinDelay time.Duration // before the first new attempt, doubled for each one after it, with jitter
	MaxDelay time.Duration // between attempts; 0: the first failure ends Run
	Slow     time.Duration // after it an Append that has not answered is told of as Paused; 0: never
	Attempt  time.Duration // after it such an Append is given up, and tried again if MaxDelay lets; 0: never

	// Each may be nil, and is called by the goroutine of Run.
	Applied func(b catalog.Batch, done catalog.Applied, total Summary) // after each batch
	Paused  func(err error)                                            // the store is away, or silent: nothing is read until it is back
	Resumed func(after time.Duration)                                  // it is back
}

// DefaultRunConfig returns attempts from 100 ms to 15 s apart, for ever, each of
// five minutes at most and told of after 10 s.
func DefaultRunConfig() RunConfig {
	return RunConfig{MinDelay: 100 * time.Millisecond, MaxDelay: 15 * time.Second, Slow: 10 * time.Second, Attempt: 5 * time.Minute}
}

// maxDelay bounds RunConfig.MaxDelay: a store that came back is found in a day.
const maxDelay = 24 * time.Hour

// Validate returns an error that wraps [catalog.ErrInvalid] unless MaxDelay is
// 0, or MinDelay is more than 0 and MaxDelay from MinDelay to a day; and unless
// Slow and Attempt are 0 or more.
func (c RunConfig) Validate() error {
	if c.Slow < 0 || c.Attempt < 0 {
		return fmt.Errorf("an attempt is slow after %v and ends after %v, want 0 or more: %w", c.Slow, c.Attempt, catalog.ErrInvalid)
	}
	if c.MaxDelay == 0 {
		return nil
	}
	if c.MinDelay <= 0 || c.MaxDelay < c.MinDelay || c.MaxDelay > maxDelay {
		return fmt.Errorf("attempts are %v to %v apart, want 0 < shortest <= longest <= %v: %w", c.MinDelay, c.MaxDelay, maxDelay, catalog.ErrInvalid)
	}
	return nil
}

// Run copies events from src to dst until src ends, ctx ends or either fails,
// and returns what became of the lines that dst took; with an error too. A
// batch and the offset after it become durable in one transaction of dst;
// Append refuses a batch whose From is not the offset it holds, and then src is
// moved to the one it does hold. So a crash, a second run or a replay neither
// loses nor doubles an event, and a run over lines that dst has already counts
// none.
//
// An error that wraps [catalog.ErrUnavailable], from src or from dst, stops the
// reading, not Run: it calls again with growing delays until that succeeds or
// ctx ends. An Append that takes longer than cfg.Slow is told of likewise, and one
// that takes longer than cfg.Attempt counts as unavailable; dst must return when
// its ctx ends. A commit whose answer was lost is no trouble: the new attempt finds
// the offset at the end of its batch, and the batch is counted then, once. (If
// it was another reader that put it there in the meantime, both count it, and
// the events of forgotten people in it count as kept; the store has it right.)
//
// If src is an [Acknowledger], it is told of every batch that was applied, and
// decides whether Run goes on after one that can never be.
func Run(ctx context.Context, src Source, dst Sink, cfg RunConfig) (Summary, error) {
	r := &run{src: src, dst: dst, cfg: cfg, total: Summary{Refused: map[Reason]int64{}}}
	if err := cfg.Validate(); err != nil {
		return r.total, err
	}
	r.ack, _ = src.(Acknowledger)
	for {
		var b catalog.Batch
		_, err := r.persist(ctx, func() (err error) {
			b, err = src.Fetch(ctx)
			return err
		})
		if errors.Is(err, io.EOF) {
			return r.total, nil
		}
		if err != nil {
			return r.total, fmt.Errorf("fetch: %w", err)
		}
		if err := r.apply(ctx, b); err != nil {
			return r.total, err
		}
	}
}

// A run is the state of one [Run].
type run struct {
	src   Source
	ack   Acknowledger // src, if it is one
	dst   Sink
	cfg   RunConfig
	total Summary
	seeks int       // in a row
	away  time.Time // since when nothing has answered, as was told; zero: it answers
}

// apply appends b, or moves the source to where the sink stands.
func (r *run) apply(ctx context.Context, b catalog.Batch) error {
	var done catalog.Applied
	again, err := r.persist(ctx, func() (err error) {
		done, err = r.attempt(ctx, b)
		return err
	})
	switch {
	case err == nil:
		return r.applied(ctx, b, done)
	case errors.Is(err, catalog.ErrOffset) && again && done.Held == b.To:
		return r.applied(ctx, b, done) // the attempt before this one got through, its answer did not
	case errors.Is(err, catalog.ErrOffset):
		return r.seek(ctx, b, done.Held, err)
	}
	err = fmt.Errorf("append offsets %d to %d of partition %s: %w", b.From, b.To, b.Partition, err)
	if r.ack == nil || ctx.Err() != nil || errors.Is(err, catalog.ErrUnavailable) {
		return err
	}
	return r.ack.Acknowledge(ctx, b, done, err)
}

// applied counts b and tells of it.
func (r *run) applied(ctx context.Context, b catalog.Batch, done catalog.Applied) error {
	r.seeks = 0
	r.total.Add(b, done)
	if r.cfg.Applied != nil {
		r.cfg.Applied(b, done, r.total)
	}
	if r.ack == nil {
		return nil
	}
	if err := r.ack.Acknowledge(ctx, b, done, nil); err != nil {
		return fmt.Errorf("acknowledge offsets %d to %d of partition %s: %w", b.From, b.To, b.Partition, err)
	}
	return nil
}

// seek moves the source to held. An Acknowledger may bring a batch that is held
// in full as often as it likes: a body that is posted again.
func (r *run) seek(ctx context.Context, b catalog.Batch, held int64, why error) error {
	if r.ack == nil || held != b.To {
		r.seeks++
	}
	if r.seeks > maxSeeks {
		return fmt.Errorf("partition %s was moved %d times in a row; is another reader at work on it? %w", b.Partition, maxSeeks, why)
	}
	if _, err := r.persist(ctx, func() error { return r.src.Seek(ctx, b.Partition, held) }); err != nil {
		return fmt.Errorf("seek: %w", err)
	}
	return nil
}
