package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

type evalCheckCmd struct {
	bundleArg
	Models []string `help:"Models of the bundle to test, divided by commas; all: each of them. Default: the one that serves." placeholder:"NAME"`
	People int      `help:"People asked for in each test, drawn by the seed." default:"500" placeholder:"N"`
	Genres []string `help:"Genres that a history is made of; default Horror, or a common one." placeholder:"GENRE"`
	Seed   uint64   `help:"Seed of who is drawn." default:"1" placeholder:"N"`
}

// Help is shown below the flags.
func (evalCheckCmd) Help() string {
	return `Examples:
  marquee eval check                        the model that the live bundle serves with
  marquee eval check --models all
  marquee eval check --models blend,als

Lists are made as the server makes them. minors: they get no adult movies. watched: it
never returns. sequels: a film's neighbours are its sequels. stability: one movie
taken out of a history changes the list a little. genre: ten horror films bring horror,
and not that alone. Exit status 1 when a test fails: what goes by ratings or by
popularity alone, such as svd and popular, fails that of genres, and should.`
}

// errBehaviour reports a test that failed.
var errBehaviour = errors.New("a behavioural test failed")

// Run tests.
func (c evalCheckCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	b, err := shelf.Load(ctx, id, e.opener())
	if err != nil {
		return err
	}
	world, err := e.world(ctx, b)
	if err != nil {
		return err
	}
	if err := c.known(world.Movies); err != nil {
		return err
	}
	subjects, err := c.subjects(b, world)
	if err != nil {
		return err
	}
	cfg := behave.DefaultConfig()
	cfg.N, cfg.MaxPeople, cfg.Genres, cfg.Seed = rank.MaxList, c.People, c.Genres, c.Seed
	report, err := behave.Run(ctx, world, subjects, cfg)
	if err != nil {
		return wrapUsage(err)
	}
	if err := e.print(report, func(w io.Writer) { _ = report.WriteTable(w) }); err != nil {
		return err
	}
	if !report.Passed() {
		return errBehaviour
	}
	return nil
}

// known refuses genres that no movie has: their test would be passed over, which
// looks like a test that was passed.
func (c evalCheckCmd) known(movies []catalog.Movie) error {
	all := map[string]bool{}
	for _, m := range movies {
		for _, g := range m.Genres {
			all[strings.ToLower(g)] = true
		}
	}
	for _, g := range c.Genres {
		if !all[strings.ToLower(g)] {
			return usage("no movie has the genre %q, want some of %s", g, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
		}
	}
	return nil
}

// world returns what the store knows of the people and movies of b.
func (e *env) world(ctx context.Context, b *bundle.Bundle) (behave.World, error) {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return behave.World{}, err
	}
	defer store.Close()
	w := behave.World{Movies: make([]catalog.Movie, b.Movies.Len())}
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return w, fmt.Errorf("read movies: %w", err)
		}
		if row, ok := b.Movies.Row(m.ID); ok {
			w.Movies[row] = m
		}
	}
	people := pipeline.People{}
	for u, err := range store.Users(ctx) {
		if err != nil {
			return w, fmt.Errorf("read people: %w", err)
		}
		people[u.ID] = u
	}
	w.User = func(u catalog.UserID) catalog.User {
		p := people[u]
		p.ID = u
		return p
	}
	w.Train, err = eval.Collect(store.Histories(ctx), b.Movies.IDs)
	return w, err
}

// subjects are the arms of the bundle, asked as the server asks them.
func (c evalCheckCmd) subjects(b *bundle.Bundle, w behave.World) ([]behave.Subject, error) {
	snap, err := b.Snapshot()
	if err != nil {
		return nil, err
	}
	names := c.Models
	switch {
	case len(names) == 0:
		names = snap.Arms.Names()[:1] // the default
	case len(names) == 1 && names[0] == "all":
		names = snap.Arms.Names()
	}
	if err := twice("model", names); err != nil {
		return nil, err
	}
	byID := map[string]bool{} // lists that were made beforehand, for people and not for histories
	for _, m := range b.Manifest.Models {
		byID[m.Name] = m.Kind == "precomputed"
	}
	var out []behave.Subject
	for _, name := range names {
		if err := snap.Arms.Check(name); err != nil {
			return nil, wrapUsage(err)
		}
		list := func(_ context.Context, u catalog.User, history []eval.Seen, n int) ([]uint32, error) {
			l := snap.Recommend(rank.Request{
				Taste: snap.Movies.Resolve(w.Train.History(history), snap.Scale), User: u, Arm: name, N: n, Now: time.Now(),
				Adult: snap.AdultAllowed(u, u.Age > 0),
			})
			rows := make([]uint32, len(l.Items))
			for i, item := range l.Items {
				rows[i] = item.Row
			}
			return rows, nil
		}
		out = append(out, behave.Subject{Name: name, List: list, ByHistory: !byID[name], ByRecord: true, Neighbours: neighbours(snap)})
	}
	return out, nil
}

// neighbours reads the neighbour table, from which what is similar is served.
func neighbours(snap *rank.Snapshot) func(row uint32, k int) []uint32 {
	return func(row uint32, k int) []uint32 {
		var rows []uint32
		for _, n := range snap.Table.Of(row) {
			if len(rows) < k {
				rows = append(rows, n.Row)
			}
		}
		return rows
	}
}
