package stream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"marquee/catalog"
)

// persist calls op until its error is none that wraps [catalog.ErrUnavailable],
// and reports whether that took more than one call. It tells once that it waits
// and once that it no longer does. If ctx ends first, the error wraps ctx's and
// the last one of op.
func (r *run) persist(ctx context.Context, op func() error) (again bool, err error) {
	err = op()
	if !errors.Is(err, catalog.ErrUnavailable) || r.cfg.MaxDelay == 0 {
		return false, err
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	begin := time.Now()
	if r.cfg.Paused != nil {
		r.cfg.Paused(err)
	}
	for delay := r.cfg.MinDelay; errors.Is(err, catalog.ErrUnavailable); delay = min(2*delay, r.cfg.MaxDelay) {
		if ended := sleep(ctx, jitter(delay)); ended != nil {
			return true, fmt.Errorf("%w while waiting for what was away for %v: %w", ended, time.Since(begin).Round(time.Millisecond), err)
		}
		err = op()
	}
	if r.cfg.Resumed != nil && ctx.Err() == nil {
		r.cfg.Resumed(time.Since(begin))
	}
	return true, err
}

// jitter returns half of delay to all of it, so that readers that were stopped
// together do not come back together.
func jitter(delay time.Duration) time.Duration {
	return delay/2 + rand.N(delay/2+1)
}

// sleep waits for d, or for the end of ctx, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
