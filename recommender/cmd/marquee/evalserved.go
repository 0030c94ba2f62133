package main

import (
	"context"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// served is [judge.scored] of a model that scores candidates only: its lists are made as
// a server makes them, so that what candidates miss is missed here too.
func (j *judge) served(ctx context.Context, split *eval.Split, name string, m model.Suggester) (eval.Model, error) {
	snap, err := j.snapshot(ctx, j.flags.kinds(j.env)[0], split.Train, rank.DefaultConfig())
	if err != nil {
		return eval.Model{}, err
	}
	snap, err = snap.WithArms(rank.Arms{Models: []model.Named{{Name: name, Model: m}}, Default: name})
	if err != nil {
		return eval.Model{}, err
	}
	list := func(u catalog.UserID, train []eval.Seen, candidates []uint32, n int) eval.Listing {
		r := rank.Request{
			User:  j.person(u),
			Taste: snap.Movies.Resolve(split.Train.History(train), snap.Scale),
			N:     n,
			Now:   endOfTime,
			Adult: snap.AdultAllowed(catalog.User{}, false),
			Rules: rank.Rules{Only: candidates},
		}
		list := snap.Recommend(r)
		out := eval.Listing{Personal: list.Tier == rank.TierPersonal}
		for _, item := range list.Items {
			out.Rows = append(out.Rows, item.Row)
		}
		out.Sources = mostOf(m, model.Query{User: r.User, Seen: r.Taste.Seen}, out.Rows)
		return out
	}
	return eval.Model{
		Name: name,
		Explain: func(_ context.Context, u catalog.UserID, train []eval.Seen, n int) (eval.Listing, error) {
			return list(u, train, nil, n), nil
		},
		Choose: func(_ context.Context, u catalog.UserID, train []eval.Seen, candidates []uint32, n int) (eval.Listing, error) {
			return list(u, train, candidates, n), nil
		},
	}, nil
}

// mostOf returns, for each of rows, the part of m that contributed most to it, or "fill"
// where none knows it; nil if m has no parts.
func mostOf(m model.Suggester, q model.Query, rows []uint32) []string {
	c, ok := m.(model.Composite)
	if !ok {
		return nil
	}
	names := c.Parts()
	out := make([]string, len(rows))
	asked, basis := m.Ask(q)
	var explainer model.Explainer
	if basis != model.None {
		defer asked.Close()
		asked.ScoreRows(rows, make([]float32, len(rows)))
		explainer, _ = asked.(model.Explainer)
	}
	parts := make([]float32, len(names))
	for i := range rows {
		out[i] = "fill"
		if explainer == nil {
			continue
		}
		if explainer.Explain(i, parts); parts[0] == parts[0] {
			out[i] = names[most(parts, 0, 1)]
		}
	}
	return out
}
