package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
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
	if err := c.check(b); err != nil {
		return err
	}
	people, err := e.people(ctx)
	if err != nil {
		return err
	}
	dir := e.path(precomputeFolder)
	if err := sweepPrecompute(dir, b.Manifest.ID); err != nil {
		e.log.Warn("lists of older bundles could not be removed", "dir", dir, "error", err)
	}
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
	m, err := c.put(ctx, e, shelf, next)
	if err != nil {
		return err
	}
	working := filepath.Join(dir, b.Manifest.ID+"-"+c.Model)
	if err := os.RemoveAll(working); err != nil {
		e.log.Warn("working folder of lists could not be removed", "dir", working, "error", err)
	}
	if !c.NoPublish {
		if err := c.publish(ctx, e, shelf, b.Manifest.ID, m); err != nil {
			return err
		}
	}
	out := precomputedLists{Bundle: m.ID, Model: c.Model + pipeline.Suffix, Lists: next.Lists[c.Model].Len(), People: len(b.Histories.Users), Published: !c.NoPublish, Seconds: time.Since(began).Seconds()}
	return e.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "%d lists for %d people in %.1f s; bundle %s serves them as %s", out.Lists, out.People, out.Seconds, out.Bundle, out.Model)
		if c.NoPublish {
			fmt.Fprintf(w, " after \"marquee bundle publish %s\"", out.Bundle)
		}
		fmt.Fprintln(w)
	})
}

// precomputeFolder holds, in the home folder, the lists of runs that were cut short.
// They are of people, and go with "user forget".
const precomputeFolder = "precompute"

// check refuses a model that there are no lists to be made with.
func (c precomputeCmd) check(b *bundle.Bundle) error {
	var names []string
	for _, m := range b.Manifest.Models {
		switch {
		case m.Name == c.Model && m.Kind == "precomputed":
			return usage("%s serves lists that were made already; name the model that made them", c.Model)
		case m.Name == c.Model:
			return nil
		case m.Kind != "precomputed":
			names = append(names, m.Name)
		}
	}
	switch _, err := specOf(c.Model); {
	case c.Model == rank.ArmFeatures:
		return usage("%s is no trained model; its lists are made while a request waits", c.Model)
	case err != nil && len(names) > 0:
		return usage("the live bundle has no model %q, want one of %s", c.Model, strings.Join(names, ", "))
	case err != nil:
		return err
	}
	return fmt.Errorf("the live bundle has no model %q, of %q; run \"marquee build --models %s\" with all that it is to have: %w", c.Model, names, c.Model, catalog.ErrNotFound)
}

// sweepPrecompute removes what was left of runs for other bundles than the live one,
// which nothing will go on with.
func sweepPrecompute(dir, live string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range entries {
		if !strings.HasPrefix(x.Name(), live+"-") {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, x.Name())))
		}
	}
	return errors.Join(errs...)
}

// put shelves b without whoever was forgotten meanwhile.
func (c precomputeCmd) put(ctx context.Context, e *env, shelf *bundle.Shelf, b *bundle.Bundle) (bundle.Manifest, error) {
	store, err := e.openStore(ctx, false)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		store = nil
	case err != nil:
		return bundle.Manifest{}, err
	default:
		defer store.Close()
	}
	return shelve(ctx, shelf, b, store)
}

// publish makes m live, here and where bundles are shared.
func (c precomputeCmd) publish(ctx context.Context, e *env, shelf *bundle.Shelf, began string, m bundle.Manifest) error {
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	depot, err := e.openDepot()
	if err != nil {
		return err
	}
	return publishAfter(ctx, e, going{shelf, store, depot}, began, m)
}

// publishAfter makes m live, unless another bundle went live since the lists were
// begun: m would undo it.
func publishAfter(ctx context.Context, e *env, g going, began string, m bundle.Manifest) error {
	err := g.live(ctx, e, bundle.Publication{ID: m.ID, Why: "precompute"}, &began)
	if errors.Is(err, bundle.ErrMoved) {
		return fmt.Errorf("the lists are on the shelf as %s; run the command again for lists of the new bundle, or \"marquee bundle publish %s\": %w", m.ID, m.ID, err)
	}
	return err
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
