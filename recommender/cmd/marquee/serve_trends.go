package main

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender"
)

// trendFlags say what counts as trending.
type trendFlags struct {
	TrendWindow time.Duration `help:"What is trending is watched more in the last span of this length than in the one before it." default:"24h" placeholder:"TIME"`
	TrendPoll   time.Duration `help:"Time between two looks for what is trending." default:"1m" placeholder:"TIME"`
}

// maxTrends is how many trending movies are known; behind them comes what is popular.
const maxTrends = 200

// check returns what is wrong with the flags.
func (f trendFlags) check() error {
	if f.TrendWindow <= 0 || f.TrendPoll <= 0 {
		return usage("--trend-window is %v and --trend-poll %v, want more than 0", f.TrendWindow, f.TrendPoll)
	}
	return nil
}

// follow tells service what is trending until ctx ends. While the store is away what was
// known holds.
func (f trendFlags) follow(ctx context.Context, e *env, store *lateStore, service *recommender.Service) error {
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		wait := f.TrendPoll
		counts, err := f.look(ctx, store)
		switch {
		case err == nil:
			service.SetTrends(trends(counts))
		case errors.Is(err, catalog.ErrUnavailable):
			wait = min(wait, retryStore)
		case ctx.Err() == nil:
			e.log.Warn("what is trending is not known", "error", err)
		}
		tick.Reset(wait)
	}
}

func (f trendFlags) look(ctx context.Context, store *lateStore) ([]catalog.MovieCount, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	since := time.Now().Add(-f.TrendWindow)
	return store.Trending(ctx, since, since.Add(-f.TrendWindow), maxTrends)
}

// trends returns the movies that rose, by how far: the difference over its deviation if
// both spans had the same rate (of Poisson counts), so that four watches instead of one
// say less than forty instead of ten. Those that did not rise are none.
func trends(counts []catalog.MovieCount) []recommender.Trend {
	out := make([]recommender.Trend, 0, len(counts))
	for _, c := range counts {
		if rise := c.Since - c.Before; rise > 0 {
			out = append(out, recommender.Trend{Movie: c.Movie, Score: float64(rise) / math.Sqrt(float64(c.Since+c.Before))})
		}
	}
	slices.SortStableFunc(out, func(a, b recommender.Trend) int { return cmp.Compare(b.Score, a.Score) })
	for i := range slices.Backward(out) { // the first last, which all are measured by
		out[i].Score /= out[0].Score
	}
	return out
}
