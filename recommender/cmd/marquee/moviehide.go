package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// hideArgs name movies to hide or unhide.
type hideArgs struct {
	Movies []string `arg:"" help:"Ids or titles of movies." name:"movie"`
}

type movieHideCmd struct {
	hideArgs
	Note string `help:"Why, for whoever asks later." env:"-" placeholder:"TEXT"`
}

// Help is shown below the flags.
func (movieHideCmd) Help() string {
	return `Examples:
  marquee movie hide "Toy Story" --note "licence ended 2026-11-30"
  marquee movie hide 1 3114 78499
  marquee movie unhide "Toy Story"

A hidden movie is in no list of any server within one second, fallbacks included, and
stays hidden through builds. Those who watched it still get what is like it.`
}

// Run hides movies.
func (c movieHideCmd) Run(ctx context.Context, e *env) error {
	return c.run(ctx, e, true, c.Note)
}

type movieUnhideCmd struct{ hideArgs }

// Help is shown below the flags.
func (movieUnhideCmd) Help() string {
	return `Examples:
  marquee movie unhide "Toy Story"
  marquee movie hidden`
}

// Run lists movies again.
func (c movieUnhideCmd) Run(ctx context.Context, e *env) error {
	return c.run(ctx, e, false, "")
}

// run hides or unhides all of the movies, or none.
func (c hideArgs) run(ctx context.Context, e *env, hide bool, note string) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	var movies []catalog.Movie
	var ids []catalog.MovieID
	for _, name := range c.Movies {
		m, err := c.movie(ctx, store, name, hide)
		if err != nil {
			return err
		}
		if !slices.Contains(ids, m.ID) {
			movies, ids = append(movies, m), append(ids, m.ID)
		}
	}
	changed, err := store.SetHidden(ctx, ids, hide, note)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"movies": ids, "hidden": hide, "changed": changed}, func(w io.Writer) {
		what := "listed again"
		if hide {
			what = "hidden"
		}
		for _, m := range movies {
			fmt.Fprintf(w, "%s (%s) is %s\n", orElse(m.Title, "a movie that is not in the catalog"), m.ID, what)
		}
		if changed < len(ids) {
			fmt.Fprintf(w, "%d of %d were so before\n", len(ids)-changed, len(ids))
		}
	})
}

// movie returns the movie of a name. What is hidden may have left the catalog.
func (c hideArgs) movie(ctx context.Context, store *sqlstore.Store, name string, hide bool) (catalog.Movie, error) {
	m, err := findOne(ctx, store, name)
	if err == nil || hide {
		return m, err
	}
	if h, herr := hiddenOf(ctx, store, catalog.MovieID(name)); herr == nil && h != nil {
		return catalog.Movie{ID: h.Movie}, nil
	}
	return m, err
}

type movieHiddenCmd struct{}

// Help is shown below the flags.
func (movieHiddenCmd) Help() string {
	return `Examples:
  marquee movie hidden
  marquee movie hidden --output json`
}

// Run lists hidden movies.
func (movieHiddenCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	all, err := store.Hidden(ctx)
	if err != nil {
		return err
	}
	if all == nil {
		all = []catalog.Hidden{}
	}
	return e.print(all, func(w io.Writer) {
		if len(all) == 0 {
			fmt.Fprintln(w, "no movie is hidden")
			return
		}
		rows := [][]string{{"movie", "title", "since", "note"}}
		for _, h := range all {
			m, err := store.Movie(ctx, h.Movie)
			if err != nil {
				m.Title = "not in the catalog"
			}
			rows = append(rows, []string{string(h.Movie), m.Title, h.At.Format("2006-01-02 15:04"), h.Note})
		}
		columns(w, rows...)
	})
}
