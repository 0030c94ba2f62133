package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// pairArgs name a movie and another that is, or is not, to be its neighbour.
type pairArgs struct {
	Movie string `arg:"" help:"Id or title of the movie whose neighbours are corrected."`
	Other string `arg:"" help:"Id or title of the other movie."`
	Undo  bool   `help:"Take an earlier word on these two back." env:"-"`
	Both  bool   `help:"In both directions." env:"-"`
	Note  string `help:"Why, for whoever asks later." env:"-" placeholder:"TEXT"`
}

type moviePinCmd struct{ pairArgs }

// Help is shown below the flags.
func (moviePinCmd) Help() string {
	return `Examples:
  marquee movie pin "Alien" "Aliens"              Aliens stands first among the neighbours of Alien
  marquee movie pin "Heat" "Collateral" --both
  marquee movie pin "Alien" "Aliens" --undo

Servers take it in within a second; it stays through builds. A pinned neighbour has a
similarity of 1: it leads /similar, and is a candidate for whoever watched the movie. What
models have learned from people stays as it is.`
}

// Run pins.
func (c moviePinCmd) Run(ctx context.Context, e *env) error { return c.run(ctx, e, catalog.Pin) }

type movieBlockCmd struct{ pairArgs }

// Help is shown below the flags.
func (movieBlockCmd) Help() string {
	return `Examples:
  marquee movie block "Toys" "Toy Soldiers"       never a neighbour of Toys
  marquee movie block "Toys" "Toy Soldiers" --undo

Servers take it in within a second; it stays through builds. The other movie may still be
recommended for other reasons: "marquee movie hide" keeps it out of every list.`
}

// Run blocks.
func (c movieBlockCmd) Run(ctx context.Context, e *env) error { return c.run(ctx, e, catalog.Block) }

// run stores or removes the word on a pair.
func (c pairArgs) run(ctx context.Context, e *env, kind catalog.CorrectionKind) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	movie, err := c.find(ctx, store, c.Movie)
	if err != nil {
		return err
	}
	other, err := c.find(ctx, store, c.Other)
	if err != nil {
		return err
	}
	if movie.ID == other.ID {
		return usage("both are %s (%s), want two movies", movie.Title, movie.ID)
	}
	pairs := [][2]catalog.Movie{{movie, other}}
	if c.Both {
		pairs = append(pairs, [2]catalog.Movie{other, movie})
	}
	changed := 0
	for _, p := range pairs {
		var did bool
		if c.Undo {
			did, err = store.RemoveCorrection(ctx, p[0].ID, p[1].ID)
		} else {
			did, err = store.PutCorrection(ctx, catalog.Correction{Movie: p[0].ID, Other: p[1].ID, Kind: kind, Note: c.Note})
		}
		if errors.Is(err, catalog.ErrInvalid) {
			err = wrapUsage(err)
		}
		if err != nil {
			return err
		}
		if did {
			changed++
		}
	}
	result := map[string]any{"movie": movie.ID, "other": other.ID, "kind": kind, "undone": c.Undo, "both": c.Both, "changed": changed}
	return e.print(result, func(w io.Writer) {
		switch {
		case changed == 0 && c.Undo:
			fmt.Fprintf(w, "there is no word on %s and %s\n", movie.Title, other.Title)
		case changed == 0:
			fmt.Fprintf(w, "that was so already\n")
		case c.Undo:
			fmt.Fprintf(w, "%s is a neighbour of %s as the texts have it\n", other.Title, movie.Title)
		case kind == catalog.Pin:
			fmt.Fprintf(w, "%s stands first among the neighbours of %s\n", other.Title, movie.Title)
		default:
			fmt.Fprintf(w, "%s is no neighbour of %s\n", other.Title, movie.Title)
		}
	})
}

// find returns a movie of the pair. What a word to be taken back names may have left the
// catalog.
func (c pairArgs) find(ctx context.Context, store *sqlstore.Store, name string) (catalog.Movie, error) {
	m, err := findOne(ctx, store, name)
	if err == nil || !c.Undo || !errors.Is(err, catalog.ErrNotFound) {
		return m, err
	}
	all, readErr := store.Corrections(ctx, "")
	if readErr != nil {
		return m, readErr
	}
	for _, x := range all {
		if name == string(x.Movie) || name == string(x.Other) {
			return catalog.Movie{ID: catalog.MovieID(name), Title: name}, nil
		}
	}
	return m, err
}

// A shownCorrection is a correction with the titles of its movies.
type shownCorrection struct {
	catalog.Correction
	Title      string            `json:"title"`
	OtherTitle string            `json:"other_title"`
	Removed    []catalog.MovieID `json:"removed,omitempty"` // those of the two that are not in the catalog
}

// shownCorrections returns the corrections of a movie, of all if of is "", with titles.
func shownCorrections(ctx context.Context, store *sqlstore.Store, of catalog.MovieID) ([]shownCorrection, error) {
	all, err := store.Corrections(ctx, of)
	if err != nil {
		return nil, err
	}
	out := make([]shownCorrection, len(all))
	for i, c := range all {
		x := shownCorrection{Correction: c}
		for _, m := range []struct {
			id    catalog.MovieID
			title *string
		}{{c.Movie, &x.Title}, {c.Other, &x.OtherTitle}} {
			var there bool
			if *m.title, there, err = titleOf(ctx, store, m.id); err != nil {
				return nil, err
			}
			if !there {
				x.Removed = append(x.Removed, m.id)
			}
		}
		out[i] = x
	}
	return out, nil
}

// notThere stands for the title of a movie that left the catalog.
const notThere = "not in the catalog"

// titleOf returns "Title (Year)" of a movie, and whether it is in the catalog.
func titleOf(ctx context.Context, store *sqlstore.Store, id catalog.MovieID) (string, bool, error) {
	m, err := store.Movie(ctx, id)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return notThere, false, nil
	case err != nil:
		return "", false, err
	}
	return movieLabel(m), true, nil
}

type movieCorrectionsCmd struct {
	Movie string `arg:"" optional:"" help:"Id or title of the movie; default: all."`
}

// Help is shown below the flags.
func (movieCorrectionsCmd) Help() string {
	return `Examples:
  marquee movie corrections
  marquee movie corrections "Alien"`
}

// Run lists corrections.
func (c movieCorrectionsCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	var of catalog.MovieID
	if c.Movie != "" {
		m, err := movieArg(c).find(ctx, e, store)
		if err != nil {
			return err
		}
		of = m.ID
	}
	all, err := shownCorrections(ctx, store, of)
	if err != nil {
		return err
	}
	return e.print(all, func(w io.Writer) {
		if len(all) == 0 {
			fmt.Fprintln(w, "no neighbours were corrected")
			return
		}
		rows := [][]string{{"movie", "id", "", "other", "id", "since", "note"}}
		for _, x := range all {
			rows = append(rows, []string{x.Title, string(x.Movie), string(x.Kind) + "s", x.OtherTitle, string(x.Other), x.At.Format("2006-01-02 15:04"), x.Note})
		}
		columns(w, rows...)
	})
}
