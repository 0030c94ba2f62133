package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/pipeline"
)

type precomputeCmd struct {
	Model     string `arg:"" help:"The model of the live bundle to ask; \"marquee bundle show\" names them."`
	N         int    `help:"Movies in a list." short:"n" env:"-" default:"100" placeholder:"N"`
	Workers   int    `help:"Lists made at once; 0: one for each processor." default:"0" placeholder:"N"`
	Serve     bool   `help:"Make the precomputed lists the default arm."`
	NoPublish bool   `help:"Put the bundle on the shelf, but do not make it live."`
}

// Help is shown below the flags.
func (precomputeCmd) Help() string {
	return `Examples:
  marquee precompute neural                 lists of 100 for everyone whose history the bundle holds
  marquee precompute als --serve            and serve them from now on
  marquee serve --arm als-precomputed

The result is a new bundle: the live one with the lists, which the model
NAME-precomputed serves. A run that was interrupted goes on where it was. What a
person watches after their list was made is taken off it; who has no list gets one of
similarity, quality and popularity.`
}

// A precomputedLists is the result.
type precomputedLists struct {
	Bundle    string  `json:"bundle"`
	Model     string  `json:"model"`
	Lists     int     `json:"lists"`
	People    int     `json:"people"`
	Published bool    `json:"published"`
	Seconds   float64 `json:"seconds"`
}

// Run makes lists.
func (c precomputeCmd) Run(ctx context.Context, e *env) error {
	began := time.Now()
	if c.N < 1 || c.N > 1000 || c.Workers < 0 {
		return usage("-n is %d and --workers %d, want 1 to 1000, and 0 or more", c.N, c.Workers)
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	b, err := e.openLive(ctx)
	if err != nil {
		return err
	}
	people, err := e.people(ctx)
	if err != nil {
		return err
	}
	dir := e.path("precompute")
	bar := e.progress()
	p := pipeline.Precompute{Model: c.Model, N: c.N, Workers: c.Workers, Dir: dir, Progress: bar.show, Person: people}
	next, err := p.Lists(ctx, b)
	bar.end()
	if err != nil {
		return err
	}
	if c.Serve {
		next.Manifest.Arm = c.Model + pipeline.Suffix
	}
	next.Manifest.Program, next.Manifest.Created = b.Manifest.Program, time.Now().UTC().Truncate(time.Second)
	if err := recommender.Rehearse(next, time.Now()); err != nil {
		return err
	}
	m, err := shelf.Put(ctx, next)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		e.log.Warn("working folder of lists could not be removed", "dir", dir, "error", err)
	}
	if !c.NoPublish {
		if err := shelf.Publish(m.ID); err != nil {
			return err
		}
	}
	out := precomputedLists{Bundle: m.ID, Model: c.Model + pipeline.Suffix, Lists: next.Lists[c.Model].Len(), People: len(b.Histories.Users), Published: !c.NoPublish, Seconds: time.Since(began).Seconds()}
	return e.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "%d lists for %d people in %.1f s; bundle %s serves them as %s\n", out.Lists, out.People, out.Seconds, out.Bundle, out.Model)
	})
}

// people returns what the store knows of people; without a store, nothing.
func (e *env) people(ctx context.Context) (func(catalog.UserID) catalog.User, error) {
	all := pipeline.People{}
	store, err := e.openStore(ctx, false)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		e.log.Info("no store, so nothing is known of people beside their histories")
	case err != nil:
		return nil, err
	default:
		defer store.Close()
		for u, err := range store.Users(ctx) {
			if err != nil {
				return nil, fmt.Errorf("read people: %w", err)
			}
			u.Extra = nil
			all[u.ID] = u
		}
	}
	return func(u catalog.UserID) catalog.User {
		p := all[u]
		p.ID = u
		return p
	}, nil
}
