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
	"marquee/recommender/model"
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
	people pipeline.People
	bar    *progress
	spaces map[string]*space

	warnings []string // what reports repeat
}

// A space is the vectors of one embedder, with the neighbour table.
type space struct {
	vectors pipeline.Vectors
	table   *indexer.Table
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
	j := &judge{env: e, flags: flags, store: store, bar: e.progress(), spaces: map[string]*space{}, people: pipeline.People{}}
	if err := j.read(ctx); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// read reads the facts and what people did.
func (j *judge) read(ctx context.Context) error {
	view, err := j.store.Freeze(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	if j.facts, err = pipeline.Read(ctx, view, rank.DefaultConfig()); err != nil {
		return err
	}
	for _, u := range j.facts.Data.Users {
		j.people[u.ID] = u
	}
	j.data, err = eval.Collect(view.Histories(ctx), j.facts.Rows.IDs)
	return err
}

func (j *judge) close() {
	if j.store != nil {
		j.store.Close()
	}
}

// space returns the vectors of one embedder. Texts are facts of the catalog, so
// nothing that is held out is in them.
func (j *judge) space(ctx context.Context, kind string) (*space, error) {
	if s, ok := j.spaces[kind]; ok {
		return s, nil
	}
	way := spaceFlags{Embedder: kind, ModelDir: j.flags.ModelDir, LsaRank: j.flags.LsaRank}.space(j.env)
	v, err := pipeline.Embed(ctx, j.facts.Texts, pipeline.Options{Space: way, Cache: j.store, Progress: j.bar.show, Log: j.env.log})
	if err != nil {
		return nil, err
	}
	t, err := indexer.Neighbours(ctx, v.Values, v.ID.Dims, pipeline.DefaultNeighbours, func(done, total int) {
		j.bar.show("neighbours", done, total)
	})
	if err != nil {
		return nil, fmt.Errorf("neighbour table of %s: %w", kind, err)
	}
	s := &space{v, t}
	j.spaces[kind] = s
	return s, nil
}

// table returns the neighbour table of one embedder.
func (j *judge) table(ctx context.Context, kind string) (*indexer.Table, error) {
	s, err := j.space(ctx, kind)
	if err != nil {
		return nil, err
	}
	return s.table, nil
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

// learn returns the training part as models learn it.
func (j *judge) learn(s *space, train *eval.Data) *model.Data {
	d := &model.Data{Scale: j.facts.Scale, Movies: j.facts.Movies, Vectors: s.vectors.Values, Dims: s.vectors.ID.Dims, Starts: []int64{0}}
	for _, u := range train.Users {
		if len(u.Seen) == 0 {
			continue
		}
		d.Users = append(d.Users, j.person(u.User))
		d.Seen = append(d.Seen, packed(u.Seen)...)
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// person returns what is known of u.
func (j *judge) person(u catalog.UserID) catalog.User {
	p := j.people[u]
	p.ID = u
	return p
}

// packed returns seen as models have it.
func packed(seen []eval.Seen) []model.Seen {
	out := make([]model.Seen, len(seen))
	for i, s := range seen {
		out[i] = model.Seen(s)
	}
	return out
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
