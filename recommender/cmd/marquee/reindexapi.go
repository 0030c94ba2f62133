package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/sqlstore"
	"marquee/recommender/pipeline"
)

// askAPI asks the catalog API for what is wanted.
func (c *reindexCmd) askAPI(ctx context.Context, e *env, store *sqlstore.Store, scope pipeline.Scope) (report catalog.Report, err error) {
	cfg := catalogapi.DefaultConfig(c.FromAPI, c.Edition)
	cfg.RequestsPerSecond, cfg.Parallel = c.Rate, c.Parallel
	if c.Edition == catalogapi.Edition2026 {
		cfg.Bulk = c.Bulk
	}
	client, err := catalogapi.New(cfg, http.DefaultClient, e.log)
	if err != nil {
		return report, wrapUsage(err)
	}
	var ids catalogapi.IDs
	if ids.Movies, err = c.wanted(ctx, store, scope); err != nil {
		return report, err
	}
	var dst catalogapi.Store = store
	if c.Refresh {
		again, err := openRefresh(store, e.path("crawls"), c.FromAPI, time.Now())
		if err != nil {
			return report, err
		}
		dst = again
		done := false
		defer func() { err = errors.Join(err, again.close(done && err == nil)) }()
		report, err = c.crawl(ctx, e, client, ids, dst)
		done = err == nil
		return report, err
	}
	return c.crawl(ctx, e, client, ids, dst)
}

func (c *reindexCmd) crawl(ctx context.Context, e *env, client *catalogapi.Client, ids catalogapi.IDs, dst catalogapi.Store) (catalog.Report, error) {
	bar := e.progress()
	defer bar.end()
	return client.Crawl(ctx, ids, dst, func(p catalogapi.Progress) { bar.show("ask for "+p.Kind+"s", p.Done, p.Total) })
}

// wanted returns the ids to ask the API for.
func (c *reindexCmd) wanted(ctx context.Context, store *sqlstore.Store, scope pipeline.Scope) ([]catalog.MovieID, error) {
	if len(scope.IDs) > 0 {
		return scope.IDs, nil
	}
	ids, err := store.MissingMovies(ctx)
	if err != nil || !c.Refresh {
		return ids, err
	}
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		ids = append(ids, m.ID)
	}
	return ids, nil
}
