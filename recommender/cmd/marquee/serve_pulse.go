package main

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
	"marquee/recommender/pulse"
)

// pulseEvery is the time between two looks at how well a server does.
const pulseEvery = 10 * time.Minute

// A pulseWatch looks now and then at how many lists led to a watch, and at how far what is
// watched has moved.
type pulseWatch struct {
	store   *lateStore
	service *recommender.Service
	env     *env
	last    atomic.Pointer[pulse.Pulse] // nil until the first look
}

// watchPulse returns one that tells metrics what it finds.
func watchPulse(e *env, store *lateStore, service *recommender.Service, metrics *httpapi.Metrics) *pulseWatch {
	w := &pulseWatch{store: store, service: service, env: e}
	gauge := func(name, help string, value func(*pulse.Pulse) float64) {
		metrics.Gauge(name, help, func() float64 {
			if p := w.last.Load(); p != nil {
				return value(p)
			}
			return math.NaN()
		})
	}
	gauge("marquee_quality_accepted_ratio", "Share of lists of the day before yesterday of which a movie was watched within a day; NaN for too few.", func(p *pulse.Pulse) float64 { return p.Accepted })
	gauge("marquee_quality_lists", "Lists that this share is of.", func(p *pulse.Pulse) float64 { return float64(p.Lists) })
	gauge("marquee_drift_watches_psi", "Population stability index of a day's watches against those that the bundle learned from, over tenths by popularity; above 0.25 is much.", func(p *pulse.Pulse) float64 { return p.Moved })
	gauge("marquee_drift_unknown_ratio", "Share of a day's watches of movies that the bundle does not know.", func(p *pulse.Pulse) float64 { return p.Unknown })
	return w
}

// run looks until ctx ends. While the store is away what was found holds.
func (w *pulseWatch) run(ctx context.Context) error {
	tick := time.NewTimer(2 * retryStore)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		wait := pulseEvery
		switch err := w.look(ctx); {
		case errors.Is(err, catalog.ErrUnavailable):
			wait = 10 * retryStore
		case err != nil && ctx.Err() == nil:
			w.env.log.Warn("how well lists do is not known", "error", err)
		}
		tick.Reset(wait)
	}
}

func (w *pulseWatch) look(ctx context.Context) error {
	store, err := w.store.opened()
	if err != nil {
		return err
	}
	live, err := w.service.Live()
	if err != nil {
		return err
	}
	p, err := pulse.Look(ctx, store, live.Snapshot, time.Now(), pulse.DefaultConfig())
	if err == nil {
		w.last.Store(&p)
	}
	return err
}
