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
// Start from [DefaultRunConfig].
type RunConfig struct {
	MinDelay time.Duration // before the first new attempt, doubled for each one after it, with jitter
	MaxDelay time.Duration // between attempts; 0: the first failure ends Run

	// Each may be nil, and is called by the goroutine of Run.
	Applied func(b catalog.Batch, done catalog.Applied, total Summary) // after each batch
	Paused  func(err error)                                            // the store is away: nothing is read until it is back
	Resumed func(after time.Duration)                                  // it is back
}

// DefaultRunConfig returns attempts from 100 ms to 15 s apart, for ever.
func DefaultRunConfig() RunConfig {
	return RunConfig{MinDelay: 100 * time.Millisecond, MaxDelay: 15 * time.Second}
}

// Run copies events from src to dst until src ends, ctx ends or either fails,
// and returns what became of the lines that dst took; with an error too. A
// batch and the offset after it become durable in one transaction of dst;
// Append refuses a batch whose From is not the offset it holds, and then src is
// moved to the one it does hold. So a crash, a second run or a replay neither
// loses nor doubles an event, and a run over lines that dst has already counts
// none.
func Run(ctx context.Context, src Source, dst Sink, cfg RunConfig) (Summary, error) {
	total := Summary{Refused: map[Reason]int64{}}
	seeks := 0
	for {
		b, err := src.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, fmt.Errorf("fetch: %w", err)
		}
		done, err := dst.Append(ctx, b)
		switch {
		case errors.Is(err, catalog.ErrOffset):
			if seeks++; seeks > maxSeeks {
				return total, fmt.Errorf("partition %s was moved %d times in a row; is another reader at work on it? %w", b.Partition, maxSeeks, err)
			}
			if err := src.Seek(ctx, b.Partition, done.Held); err != nil {
				return total, fmt.Errorf("seek: %w", err)
			}
			continue
		case err != nil:
			return total, fmt.Errorf("append bytes %d to %d of partition %s: %w", b.From, b.To, b.Partition, err)
		}
		seeks = 0
		total.Add(b, done)
		if cfg.Applied != nil {
			cfg.Applied(b, done, total)
		}
	}
}
