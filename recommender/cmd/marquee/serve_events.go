package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
	"marquee/catalog/stream/post"
)

// eventFlags let a server take events too.
type eventFlags struct {
	postFlags      `embed:""`
	lookupFlags    `embed:""`
	alertFlags     `embed:""`
	EventsTimezone string `help:"Zone of the clock of posted events, such as America/New_York." default:"UTC" placeholder:"ZONE"`
	CatalogEdition string `help:"Edition of the catalog API: 2025 (one id a request) or 2026 (up to 200)." enum:"2025,2026" default:"2025" placeholder:"YEAR"`
}

// An eventRoute answers POST /events. It is there before the store is: what a
// rating may be is the store's to say.
type eventRoute struct {
	flags eventFlags
	zone  *time.Location
	store *lateStore
	env   *env
	watch *watch
	src   atomic.Pointer[post.Source]
}

// open returns the route, or nil if no token was set. Its metrics go into reg.
func (f eventFlags) open(e *env, store *lateStore, reg prometheus.Registerer) (*eventRoute, error) {
	if !f.set() {
		return nil, nil
	}
	zone, err := time.LoadLocation(f.EventsTimezone)
	if err != nil {
		return nil, usage("--events-timezone: %v", err)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if _, err := f.source(stream.DefaultConfig(), e.log); err != nil {
		return nil, err // rather than when the store is there
	}
	return &eventRoute{flags: f, zone: zone, store: store, env: e, watch: newWatch(f.alertFlags, e.log, reg)}, nil
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
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"error":"the store has not been reached yet; send the same request again"}`+"\n") // the client may have gone
}

// run stores what is posted until ctx ends.
func (r *eventRoute) run(ctx context.Context) error {
	if r == nil {
		return nil
	}
	store, cfg, err := r.settings(ctx)
	if err != nil {
		return err
	}
	src, err := r.flags.source(cfg, r.env.log)
	if err != nil {
		return err
	}
	look, err := r.flags.lookupFlags.open(r.env, store, r.flags.CatalogEdition, false, r.watch.reg)
	if err != nil {
		return err
	}
	r.src.Store(src)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return look.run(ctx) })
	g.Go(func() error {
		run := stream.DefaultRunConfig()
		run.Applied, run.Paused, run.Resumed = r.watch.applied, r.watch.paused, r.watch.resumed
		_, err := stream.Run(ctx, src, look.sink(store), run)
		if cerr := src.Close(); err == nil {
			err = cerr
		}
		return err
	})
	return g.Wait()
}

// settings waits for the store and returns it with how lines are read.
func (r *eventRoute) settings(ctx context.Context) (*sqlstore.Store, stream.Config, error) {
	cfg := stream.DefaultConfig()
	cfg.Location = r.zone
	for told := false; ; told = true {
		store, err := r.store.opened()
		if err == nil {
			if cfg.Scale, err = store.Scale(ctx); err == nil {
				return store, cfg, nil
			}
			if !told && ctx.Err() == nil {
				r.env.log.Error("posted events wait: the store does not tell its rating scale", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil, cfg, ctx.Err()
		case <-time.After(retryStore):
		}
	}
}
