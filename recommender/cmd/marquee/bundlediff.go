package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"marquee/recommender/bundle"
)

type bundleDiffCmd struct {
	From string `arg:"" optional:"" help:"The one bundle: ID or its first digits, or live. Default: the one that was live before." predictor:"bundle"`
	To   string `arg:"" optional:"" help:"The other. Default: the live one." predictor:"bundle"`
	N    int    `help:"Names shown of each kind." short:"n" env:"-" default:"10" placeholder:"N"`
}

// Help is shown below the flags.
func (bundleDiffCmd) Help() string {
	return `Examples:
  marquee bundle diff                     what the last publication changed
  marquee bundle diff live 3f9c           what publishing 3f9c would change
  marquee bundle diff 3f9c 81aa -n 50 --output json`
}

// Run compares two bundles.
func (c bundleDiffCmd) Run(ctx context.Context, e *env) error {
	if c.N < 0 || c.N > 100_000 {
		return usage("-n is %d, want 0 to 100000", c.N)
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	from, to, err := c.pair(shelf)
	if err != nil {
		return err
	}
	opener := e.opener()
	opener.NoModels = true // manifests say what there is to say of models
	a, err := shelf.Load(ctx, from, opener)
	if err != nil {
		return err
	}
	b, err := shelf.Load(ctx, to, opener)
	if err != nil {
		return err
	}
	d, err := bundle.Compare(ctx, a, b, c.N)
	if err != nil {
		return err
	}
	return e.print(d, func(w io.Writer) { writeDifference(w, d) })
}

// pair returns the IDs of the two bundles.
func (c bundleDiffCmd) pair(shelf *bundle.Shelf) (from, to string, err error) {
	if to, err = resolveBundle(shelf, orElse(c.To, "live")); err != nil {
		return "", "", err
	}
	if c.From != "" {
		from, err = resolveBundle(shelf, c.From)
		return from, to, err
	}
	published, err := shelf.Published()
	if err != nil {
		return "", "", err
	}
	for _, p := range published {
		if _, err := shelf.Manifest(p.ID); p.ID != to && err == nil {
			return p.ID, to, nil
		}
	}
	return "", "", usage("no bundle was live before %s; name two", to)
}

// unremarkable are the facts that differ between any two bundles; JSON has them.
var unremarkable = []string{"bytes", "created", "parent", "sequence"}

func writeDifference(w io.Writer, d bundle.Difference) {
	fmt.Fprintf(w, "from %s to %s\n", d.From, d.To)
	m := d.Movies
	fmt.Fprintf(w, "movies: %d added, %d changed, %d removed, %d the same\n", m.Added, m.Changed, m.Removed, m.Same)
	for _, part := range []struct {
		mark   string
		movies []bundle.MovieName
	}{{"+", m.FirstAdded}, {"-", m.FirstRemoved}} {
		for _, x := range part.movies {
			fmt.Fprintf(w, "  %s %s (%s)\n", part.mark, nameOf(x), x.ID)
		}
	}
	for _, x := range m.FirstChanged {
		fmt.Fprintf(w, "  ~ %s (%s): %s\n", nameOf(x.MovieName), x.ID, strings.Join(x.What, ", "))
	}
	if m.Hidden+m.Unhidden > 0 {
		fmt.Fprintf(w, "hidden: %d more, %d no longer\n", m.Hidden, m.Unhidden)
	}
	n := d.Neighbours
	fmt.Fprintf(w, "neighbours: %d of %d movies have others among their first 10; %.1f%% of all stay\n", n.Moved, n.Compared, 100*n.Overlap)
	for _, x := range n.Most {
		fmt.Fprintf(w, "  %s: %.0f%% stay\n", nameOf(x.MovieName), 100*x.Overlap)
	}
	for _, m := range d.Models {
		writeModelDifference(w, m)
	}
	writeFacts(w, d.Facts)
}

// writeFacts writes what manifests say otherwise.
func writeFacts(w io.Writer, facts []bundle.Change) {
	var rows [][]string
	for _, f := range facts {
		if slices.Contains(unremarkable, f.Name) || strings.HasPrefix(f.Name, "gates.") && strings.HasSuffix(f.Name, ".detail") {
			continue
		}
		rows = append(rows, []string{"  " + f.Name, orElse(short(f.From), "none"), "->", orElse(short(f.To), "none")})
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, "manifest:")
	columns(w, rows...)
}

// writeModelDifference writes what is another of a model.
func writeModelDifference(w io.Writer, m bundle.ModelDifference) {
	if m.Is == "same" && m.FromOffline == nil && m.ToOffline == nil {
		return
	}
	fmt.Fprintf(w, "model %s: %s", m.Name, m.Is)
	if m.FromOffline != nil && m.ToOffline != nil && *m.FromOffline != *m.ToOffline {
		fmt.Fprintf(w, ", NDCG@20 %.4f -> %.4f, coverage %.3f -> %.3f", m.FromOffline.NDCG, m.ToOffline.NDCG, m.FromOffline.Coverage, m.ToOffline.Coverage)
	}
	fmt.Fprintln(w)
	for _, c := range m.Changes {
		fmt.Fprintf(w, "  %s %s -> %s\n", c.Name, orElse(short(c.From), "none"), orElse(short(c.To), "none"))
	}
}

// nameOf names a movie of a difference.
func nameOf(m bundle.MovieName) string {
	switch {
	case m.Title == "":
		return string(m.ID)
	case m.Year == 0:
		return m.Title
	}
	return fmt.Sprintf("%s (%d)", m.Title, m.Year)
}
