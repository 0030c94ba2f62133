package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/indexer"
	"marquee/recommender/eval"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// endOfTime is a day on which every movie of a catalog is released.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// A judge holds what the judgements of one command share.
type judge struct {
	env    *env
	flags  evalFlags
	store  *sqlstore.Store
	facts  *pipeline.Facts
	data   *eval.Data
	bar    *progress
	tables map[string]*indexer.Table
}

// openJudge reads movies and histories. The caller closes it.
func openJudge(ctx context.Context, e *env, flags evalFlags) (*judge, error) {
	if err := checkKinds(flags.Embedders); err != nil {
		return nil, err
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return nil, err
	}
	j := &judge{env: e, flags: flags, store: store, bar: e.progress(), tables: map[string]*indexer.Table{}}
	if j.facts, err = pipeline.Read(ctx, store, rank.DefaultConfig()); err == nil {
		j.data, err = eval.Collect(store.Histories(ctx), j.facts.Rows.IDs)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *judge) close() { j.store.Close() }

// table returns the neighbour table of one embedder. Texts are facts of the
// catalog, so nothing that is held out is in it.
func (j *judge) table(ctx context.Context, kind string) (*indexer.Table, error) {
	if t, ok := j.tables[kind]; ok {
		return t, nil
	}
	space := spaceFlags{Embedder: kind, ModelDir: j.flags.ModelDir, LsaRank: j.flags.LsaRank}.space(j.env)
	v, err := pipeline.Embed(ctx, j.facts.Texts, pipeline.Options{Space: space, Cache: j.store, Progress: j.bar.show, Log: j.env.log})
	if err != nil {
		return nil, err
	}
	t, err := indexer.Neighbours(ctx, v.Values, v.ID.Dims, pipeline.DefaultNeighbours, func(done, total int) {
		j.bar.show("neighbours", done, total)
	})
	if err != nil {
		return nil, fmt.Errorf("neighbour table of %s: %w", kind, err)
	}
	j.tables[kind] = t
	return t, nil
}

// snapshot makes lists from the training part alone.
func (j *judge) snapshot(ctx context.Context, kind string, train *eval.Data, cfg rank.Config) (*rank.Snapshot, error) {
	t, err := j.table(ctx, kind)
	if err != nil {
		return nil, err
	}
	stats, err := rank.NewStats(j.facts.Movies, j.facts.Rows, histories(train), j.facts.Scale, cfg)
	if err != nil {
		return nil, err
	}
	return rank.NewSnapshot(j.facts.Rows, t, stats, j.facts.Scale, cfg)
}

// histories gives data as a store gives it.
func histories(d *eval.Data) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		for _, u := range d.Users {
			for _, s := range d.History(u.Seen) {
				if !yield(catalog.UserSeen{User: u.User, Seen: s}, nil) {
					return
				}
			}
		}
	}
}
