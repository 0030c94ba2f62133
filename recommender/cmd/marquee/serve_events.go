package main

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/catalog/stream/post"
)

// eventFlags let a server take events too.
type eventFlags struct {
	postFlags      `embed:""`
	EventsTimezone string `help:"Zone of the clock of posted events, such as America/New_York." default:"UTC" placeholder:"ZONE"`
}

// An eventRoute answers POST /events. It is there before the store is: what a
// rating may be is the store's to say.
type eventRoute struct {
	flags eventFlags
	zone  *time.Location
	store *lateStore
	env   *env
	src   atomic.Pointer[post.Source]
}

// open returns the route, or nil if no token was set.
func (f eventFlags) open(e *env, store *lateStore) (*eventRoute, error) {
	if !f.set() {
		return nil, nil
	}
	zone, err := time.LoadLocation(f.EventsTimezone)
	if err != nil {
		return nil, usage("--events-timezone: %v", err)
	}
	if _, err := f.source(stream.DefaultConfig(), e.log); err != nil {
		return nil, err // rather than when the store is there
	}
	return &eventRoute{flags: f, zone: zone, store: store, env: e}, nil
}

// handler returns what answers; nil for no route.
func (r *eventRoute) handler() http.Handler {
	if r == nil {
		return nil
	}
	return r
}

// ServeHTTP implements [http.Handler].
func (r *eventRoute) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if src := r.src.Load(); src != nil {
		src.ServeHTTP(w, q)
		return
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(retryStore/time.Second)+1))
	http.Error(w, `{"error":"the store has not been reached yet; send the same request again"}`, http.StatusServiceUnavailable)
}

// run stores what is posted until ctx ends.
func (r *eventRoute) run(ctx context.Context) error {
	if r == nil {
		return nil
	}
	cfg := stream.DefaultConfig()
	cfg.Location = r.zone
	for {
		scale, err := r.store.scale(ctx)
		if err == nil {
			cfg.Scale = scale
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryStore):
		}
	}
	src, err := r.flags.source(cfg, r.env.log)
	if err != nil {
		return err
	}
	r.src.Store(src)
	run := stream.DefaultRunConfig()
	run.Paused = func(err error) { r.env.log.Error("posted events wait: the store is away", "error", err) }
	run.Resumed = func(after time.Duration) { r.env.log.Info("the store is back; posted events go in", "away_for", after) }
	_, err = stream.Run(ctx, src, r.store, run)
	if cerr := src.Close(); err == nil {
		err = cerr
	}
	return err
}

// scale returns the rating scale of the store, once that is there.
func (l *lateStore) scale(ctx context.Context) (catalog.Scale, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Scale{}, err
	}
	return s.Scale(ctx)
}

// Append implements [stream.Sink].
func (l *lateStore) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Applied{}, err
	}
	return s.Append(ctx, b)
}
