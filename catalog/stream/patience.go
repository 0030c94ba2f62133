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
	defer func() { r.resume(ctx) }()
	err = op()
	if !errors.Is(err, catalog.ErrUnavailable) || r.cfg.MaxDelay == 0 {
		return false, err
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	r.pause(time.Now(), err)
	for delay := r.cfg.MinDelay; errors.Is(err, catalog.ErrUnavailable); delay = min(2*delay, r.cfg.MaxDelay) {
		if ended := sleep(ctx, jitter(delay)); ended != nil {
			return true, fmt.Errorf("%w while waiting for what was away for %v: %w", ended, time.Since(r.away).Round(time.Millisecond), err)
		}
		err = op()
	}
	return true, err
}

// pause tells, unless that was told, that nothing has answered since begin.
func (r *run) pause(begin time.Time, err error) {
	if !r.away.IsZero() {
		return
	}
	r.away = begin
	if r.cfg.Paused != nil {
		r.cfg.Paused(err)
	}
}

// resume tells that a pause is over, unless it is ctx that is.
func (r *run) resume(ctx context.Context) {
	if !r.away.IsZero() && r.cfg.Resumed != nil && ctx.Err() == nil {
		r.cfg.Resumed(time.Since(r.away))
	}
	r.away = time.Time{}
}

// attempt appends b once. It tells if that takes longer than cfg.Slow, and ends it
// after cfg.Attempt with an error that wraps [catalog.ErrUnavailable], as a store
// that went silent may never answer on this connection.
func (r *run) attempt(ctx context.Context, b catalog.Batch) (done catalog.Applied, err error) {
	limited := ctx
	if r.cfg.Attempt > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, r.cfg.Attempt)
		defer cancel()
	}
	r.watch(func() { done, err = r.dst.Append(limited, b) })
	if err != nil && limited.Err() != nil && ctx.Err() == nil && !errors.Is(err, catalog.ErrUnavailable) {
		err = fmt.Errorf("the store did not answer within %v: %w: %w", r.cfg.Attempt, err, catalog.ErrUnavailable)
	}
	return done, err
}

// watch calls op and waits for it, and tells if that takes longer than cfg.Slow.
// op runs in another goroutine, so that it is this one that tells.
func (r *run) watch(op func()) {
	if r.cfg.Slow == 0 {
		op()
		return
	}
	begin, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		op()
	}()
	timer := time.NewTimer(r.cfg.Slow)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	r.pause(begin, fmt.Errorf("the store has not answered for %v; it may be busy, or its host or the network may be gone: %w", r.cfg.Slow, catalog.ErrUnavailable))
	<-done
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
