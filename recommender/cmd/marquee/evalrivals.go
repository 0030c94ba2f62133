package main

import (
	"context"
	"maps"
	"slices"

	"marquee/recommender/eval"
	"marquee/recommender/eval/outside"
)

// rivalFlags name what is judged beside our own models.
type rivalFlags struct {
	Lists map[string]string `help:"Lists that another program wrote, NAME=FILE: user, item, and rank or score, divided by tabs, or user and items divided by commas. May be given again." env:"-" placeholder:"NAME=FILE"`
	URL   map[string]string `name:"url" help:"A running server that was loaded with the training part, NAME=http://HOST:PORT. May be given again." env:"-" placeholder:"NAME=URL"`
}

// rivals returns them as models. closing ends what they hold.
func (f rivalFlags) rivals(ctx context.Context, split *eval.Split) (models []eval.Model, warnings func() []string, closing func(), err error) {
	var servers []*outside.Server
	closing = func() {
		for _, s := range servers {
			s.Close()
		}
	}
	var told []string
	for _, name := range slices.Sorted(maps.Keys(f.Lists)) {
		lists, err := outside.ReadLists(ctx, name, f.Lists[name], split)
		if err != nil {
			return nil, nil, closing, err
		}
		told = append(told, lists.Warnings...)
		models = append(models, lists.Model())
	}
	for _, name := range slices.Sorted(maps.Keys(f.URL)) {
		s, err := outside.NewServer(name, split, outside.DefaultServerConfig(f.URL[name]))
		if err != nil {
			return nil, nil, closing, wrapUsage(err)
		}
		servers = append(servers, s)
		if err := s.Check(ctx); err != nil {
			return nil, nil, closing, err
		}
		models = append(models, s.Model())
	}
	warnings = func() []string {
		all := slices.Clone(told)
		for _, s := range servers {
			all = append(all, s.Warnings()...)
		}
		return all
	}
	return models, warnings, closing, nil
}
