package main

import (
	"context"
	"errors"
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
stays hidden through builds. Hiding it again with another --note changes the note. Those who watched it still get what is like it.`
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
	before, err := store.Hidden(ctx)
	if err != nil {
		return err
	}
	changed, err := store.SetHidden(ctx, ids, hide, note)
	if errors.Is(err, catalog.ErrInvalid) {
		err = wrapUsage(err)
	}
	if err != nil {
		return err
	}
	return e.print(map[string]any{"movies": ids, "hidden": hide, "changed": changed}, func(w io.Writer) {
		for _, m := range movies {
			i := slices.IndexFunc(before, func(h catalog.Hidden) bool { return h.Movie == m.ID })
			what := "is listed again"
			switch {
			case !hide && i < 0:
				what = "was not hidden"
			case hide && i < 0:
				what = "is hidden"
			case hide && note != "" && note != before[i].Note:
				what = "was hidden already; its note is now: " + note
			case hide:
				what = "was hidden already"
			}
			fmt.Fprintf(w, "%s (%s) %s\n", orElse(m.Title, "a movie that is not in the catalog"), m.ID, what)
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

// A shownHidden is a hidden movie with its title.
type shownHidden struct {
	catalog.Hidden
	Title   string `json:"title"`
	Removed bool   `json:"removed,omitempty"` // it is not in the catalog
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
	shown := make([]shownHidden, len(all))
	for i, h := range all {
		title, there, err := titleOf(ctx, store, h.Movie)
		if err != nil {
			return err
		}
		shown[i] = shownHidden{h, title, !there}
	}
	return e.print(shown, func(w io.Writer) {
		if len(all) == 0 {
			fmt.Fprintln(w, "no movie is hidden")
			return
		}
		rows := [][]string{{"movie", "title", "since", "note"}}
		for _, h := range shown {
			rows = append(rows, []string{string(h.Movie), h.Title, h.At.Format("2006-01-02 15:04"), h.Note})
		}
		columns(w, rows...)
	})
}
