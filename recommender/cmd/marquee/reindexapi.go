package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/sqlstore"
	"marquee/recommender/pipeline"
)

// askAPI asks the catalog API for what is wanted.
func (c *reindexCmd) askAPI(ctx context.Context, e *env, store *sqlstore.Store, scope pipeline.Scope) (report catalog.Report, err error) {
	client, err := c.client(e, c.FromAPI, nil)
	if err != nil {
		return report, err
	}
	var ids catalogapi.IDs
	if ids.Movies, err = c.wanted(ctx, store, scope); err != nil {
		return report, err
	}
	if !c.Refresh {
		return e.crawl(ctx, client, ids, store)
	}
	again, err := openRefresh(store, e.path("crawls"), refreshKey(c.FromAPI, c.Edition, scope.IDs), time.Now())
	if err != nil {
		return report, err
	}
	report, err = e.crawl(ctx, client, ids, again)
	return report, errors.Join(err, again.close(err == nil))
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
