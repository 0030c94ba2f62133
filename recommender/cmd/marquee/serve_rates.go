package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"marquee/catalog"
	"marquee/recommender/httpapi"
	"marquee/recommender/rates"
)

// rollEvery is the time between two counts of served lists by the hour.
const rollEvery = 10 * time.Minute

// rateHours is how many hours a server looks back for moves that are not over: a level that
// holds is usual after little more than a day.
const rateHours = 48

// A rateWatch counts served lists by the hour, and looks for movies that are recommended to
// many more or fewer people than before.
type rateWatch struct {
	store  *lateStore
	env    *env
	report atomic.Pointer[rates.Report] // nil until the first look
}

// watchMovieRates returns one that tells metrics what it finds, without naming movies.
func watchMovieRates(e *env, store *lateStore, metrics *httpapi.Metrics) *rateWatch {
	w := &rateWatch{store: store, env: e}
	open := func(moves func(*rates.Report) []rates.Move) func() float64 {
		return func() float64 {
			if r := w.report.Load(); r != nil {
				return float64(rates.Open(moves(r)))
			}
			return 0
		}
	}
	metrics.Gauge("marquee_movie_rate_alarms", "Movies that are recommended to unusually many or few people, which no new bundle explains.", open(func(r *rates.Report) []rates.Move { return r.Alarms }))
	metrics.Gauge("marquee_movie_rate_moves", "Movies that are recommended to more or fewer people since another bundle serves.", open(func(r *rates.Report) []rates.Move { return r.Bundles }))
	return w
}

// run counts every ten minutes and looks once an hour, until ctx ends.
func (w *rateWatch) run(ctx context.Context) error {
	tick := time.NewTimer(retryStore)
	defer tick.Stop()
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		wait := rollEvery
		err := w.turn(ctx, time.Now(), &looked)
		switch {
		case errors.Is(err, catalog.ErrUnavailable):
			wait = 10 * retryStore
		case err != nil && ctx.Err() == nil:
			w.env.log.Warn("how often movies are recommended is not known", "error", err)
		}
		tick.Reset(wait)
	}
}

// turn counts, and looks if an hour has ended since the last look.
func (w *rateWatch) turn(ctx context.Context, now time.Time, looked *time.Time) error {
	store, err := w.store.opened()
	if err != nil {
		return err
	}
	counted, err := store.RollExposures(ctx, now)
	if err != nil {
		return err
	}
	hour := now.UTC().Truncate(time.Hour)
	if hour.Equal(*looked) && counted == 0 {
		return nil
	}
	_, report, err := watchRates(ctx, store, hour, rateHours)
	if err != nil {
		return err
	}
	before := w.report.Swap(&report)
	*looked = hour
	w.tell(before, &report)
	return nil
}

// tell logs alarms that the report before did not have.
func (w *rateWatch) tell(before, now *rates.Report) {
	told := make(map[catalog.MovieID]bool)
	if before != nil {
		for _, m := range before.Alarms {
			told[m.Movie] = true
		}
	}
	const most = 10 // lines a look
	lines := 0
	for _, m := range now.Alarms {
		if !m.Ended.IsZero() || told[m.Movie] {
			continue
		}
		if lines++; lines > most {
			w.env.log.Warn("and more; \"marquee watch movies\" lists them", "alarms", rates.Open(now.Alarms))
			return
		}
		w.env.log.Warn("a movie is recommended to unusually many or few people", "movie", m.Movie, "usual", int(m.Usual+0.5), "now", int(m.Now), "since", m.Since)
	}
}
