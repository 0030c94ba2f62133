package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// allModels are judged when no others are named: baselines first, then each model
// alone, then what is made of several.
var allModels = []string{
	"random", "popularity", rank.ArmFeatures, "content", "popular", "demographic-knn", "itemknn", "svd", "svdpp", "rating",
	"neural", "ease", "als", "als-popular", "neural-precomputed", "blend",
}

// ratingModels are those that predict ratings: all that RMSE can be had of.
var ratingModels = []string{"popular", "userknn", "demographic-knn", "itemknn", "svd", "svdpp", "rating"}

// untrained reports whether the judge knows n without training anything.
func untrained(n string) bool { return n == "random" || n == "popularity" }

// judged trains specs on the training part and returns the models of these names as
// the judge asks them. A model that has nothing to learn from is left out, and a
// warning says why.
func (j *judge) judged(ctx context.Context, split *eval.Split, names []string, specs []pipeline.Spec) (models []eval.Model, trained []pipeline.Trained, warnings []string, err error) {
	s, err := j.space(ctx, j.flags.kinds(j.env)[0])
	if err != nil {
		return nil, nil, nil, err
	}
	data := j.learn(s, split.Train)
	t := pipeline.Training{Kinds: kinds(), Table: pipeline.BaseOf(s.table), Share: pipeline.DefaultShare, Random: anyHeld(split), Progress: j.bar.show, Log: j.env.log}
	trained, skipped, err := t.TrainMost(ctx, data, specs)
	j.bar.end()
	if err != nil {
		return nil, nil, nil, err
	}
	for _, skip := range skipped {
		warnings = append(warnings, fmt.Sprintf("%s is not judged: %v", skip.Name, skip.Err))
	}
	for _, n := range names {
		m, ok, err := j.asModel(ctx, split, n, trained)
		if err != nil {
			return nil, nil, nil, err
		}
		if ok {
			models = append(models, m)
		}
	}
	return models, trained, warnings, nil
}

// asModel returns the model n as the judge asks it, and whether there is one.
func (j *judge) asModel(ctx context.Context, split *eval.Split, n string, trained []pipeline.Trained) (eval.Model, bool, error) {
	switch n {
	case "random":
		return eval.Random(split.Train, j.flags.Seed), true, nil
	case "popularity":
		return eval.Popularity(split.Train), true, nil
	case rank.ArmFeatures:
		snap, err := j.snapshot(ctx, j.flags.kinds(j.env)[0], split.Train, rank.DefaultConfig())
		if err != nil {
			return eval.Model{}, false, err
		}
		return eval.Model{Name: n, Explain: j.features(snap, split.Train)}, true, nil
	}
	for _, t := range trained {
		if t.Name != n {
			continue
		}
		if m, ok := t.Scorer.(model.Suggester); ok {
			served, err := j.served(ctx, split, n, m)
			return served, true, err
		}
		return j.scored(split, n, t.Scorer), true, nil
	}
	return eval.Model{}, false, nil
}

// features makes lists as a server without models does.
func (j *judge) features(snap *rank.Snapshot, data *eval.Data) eval.Explainer {
	return func(_ context.Context, _ catalog.UserID, train []eval.Seen, n int) (eval.Listing, error) {
		list := snap.Recommend(rank.Request{
			Taste: snap.Movies.Resolve(data.History(train), snap.Scale),
			N:     n,
			Now:   endOfTime,
			Adult: snap.AdultAllowed(catalog.User{}, false),
		})
		out := eval.Listing{Personal: list.Tier == rank.TierPersonal}
		for _, item := range list.Items {
			out.Rows = append(out.Rows, item.Row)
			out.Sources = append(out.Sources, list.SourceNames(item)[0])
		}
		return out, nil
	}
}

// A scorer asks a model for lists, as a server does, but under no rule other than
// that what was watched does not return.
type scorer struct {
	judge   *judge
	model   model.Model
	popular []uint32 // rows by falling number of watchers: whoever the model knows nothing of gets them
	boards  sync.Pool
}

// scored returns the eval.Model of m.
func (j *judge) scored(split *eval.Split, name string, m model.Model) eval.Model {
	s := &scorer{judge: j, model: m, popular: byWatchers(split.Train)}
	s.boards.New = func() any {
		parts := 0
		if c, ok := m.(model.Composite); ok {
			parts = len(c.Parts())
		}
		return &scoreBoard{make([]float32, m.Len()), make([]float32, parts*m.Len())}
	}
	out := eval.Model{
		Name: name,
		Explain: func(_ context.Context, u catalog.UserID, train []eval.Seen, n int) (eval.Listing, error) {
			return s.list(u, train, nil, n), nil
		},
		Choose: func(_ context.Context, u catalog.UserID, train []eval.Seen, candidates []uint32, n int) (eval.Listing, error) {
			return s.list(u, train, candidates, n), nil
		},
	}
	if p, ok := m.(model.Predictor); ok {
		out.Rate = func(_ context.Context, u catalog.UserID, train []eval.Seen, movies []uint32, ratings []float32) error {
			p.Predict(model.Query{User: j.person(u), Seen: packed(train)}, movies, ratings)
			return nil
		}
	}
	return out
}

type scoreBoard struct {
	scores, parts []float32
}

// byWatchers returns all rows, the most watched first.
func byWatchers(d *eval.Data) []uint32 {
	watchers := d.Watchers()
	order := make([]uint32, len(watchers))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(watchers[b], watchers[a]) })
	return order
}

// list asks for n movies; candidates, unless nil, are all that may be listed.
func (s *scorer) list(u catalog.UserID, train []eval.Seen, candidates []uint32, n int) eval.Listing {
	b := s.boards.Get().(*scoreBoard)
	defer s.boards.Put(b)
	q := model.Query{User: s.judge.person(u), Seen: packed(train)}
	var basis model.Basis
	var names []string
	if c, ok := s.model.(model.Composite); ok {
		names = c.Parts()
		basis = c.Explain(q, b.scores, b.parts)
	} else {
		basis = s.model.Score(q, b.scores)
	}
	if basis == model.None {
		for i := range b.scores {
			b.scores[i] = float32(math.NaN())
		}
	}
	for _, x := range train {
		b.scores[x.Movie] = float32(math.NaN())
	}
	rows := best(b.scores, candidates, n)
	out := eval.Listing{Rows: rows, Personal: basis == model.Personal}
	if len(names) > 0 {
		for _, row := range rows {
			out.Sources = append(out.Sources, names[most(b.parts, int(row), len(b.scores))])
		}
	}
	return s.fill(out, train, candidates, n)
}

// best returns the n rows of the highest scores, of candidates if they are given.
func best(scores []float32, candidates []uint32, n int) []uint32 {
	var rows []uint32
	if candidates != nil {
		rows = slices.Clone(candidates)
	} else {
		rows = make([]uint32, len(scores))
		for i := range rows {
			rows[i] = uint32(i)
		}
	}
	rows = slices.DeleteFunc(rows, func(r uint32) bool { return scores[r] != scores[r] })
	slices.SortFunc(rows, func(a, b uint32) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return rows[:min(n, len(rows))]
}

// most returns the part that contributed most to a row.
func most(parts []float32, row, rows int) int {
	at := 0
	for i := 1; i*rows < len(parts); i++ {
		if parts[i*rows+row] > parts[at*rows+row] {
			at = i
		}
	}
	return at
}

// fill adds popular movies to a list that is too short.
func (s *scorer) fill(out eval.Listing, train []eval.Seen, candidates []uint32, n int) eval.Listing {
	if len(out.Rows) >= n {
		return out
	}
	taken := make(map[uint32]bool, len(train)+len(out.Rows))
	for _, x := range train {
		taken[x.Movie] = true
	}
	for _, row := range out.Rows {
		taken[row] = true
	}
	sourced := out.Sources != nil
	for _, row := range s.popular {
		if len(out.Rows) == n {
			break
		}
		if taken[row] {
			continue
		}
		if candidates != nil {
			if _, in := slices.BinarySearch(candidates, row); !in {
				continue
			}
		}
		out.Rows = append(out.Rows, row)
		if sourced {
			out.Sources = append(out.Sources, "fill")
		}
	}
	return out
}

// anyHeld reports whether split holds out any movies and not the newest, as
// leave-one-out does and many published splits: of most people, what is held out is
// not newer than all that they are learned from. Weights are then learned in the
// same way.
func anyHeld(split *eval.Split) bool {
	newer, held := 0, 0
	for i, truth := range split.Truth {
		seen := split.Train.Users[i].Seen
		if len(seen) == 0 {
			continue
		}
		for _, x := range truth {
			held++
			if x.At >= seen[0].At {
				newer++
			}
		}
	}
	return 2*newer < held
}
