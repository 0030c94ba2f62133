package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
)

type movieSearchCmd struct {
	Query    []string `arg:"" help:"What the movies are to be about, in any words."`
	N        int      `help:"Movies shown." short:"n" env:"-" default:"10" placeholder:"N"`
	FromYear int      `help:"Released in this year or later." env:"-" placeholder:"YEAR"`
	ToYear   int      `help:"Released in this year or earlier." env:"-" placeholder:"YEAR"`
	Genre    []string `help:"Of one of these genres, divided by commas." env:"-" placeholder:"NAME"`
	Language []string `help:"In one of these languages (ISO 639-1), divided by commas." env:"-" placeholder:"CODE"`
	Adult    bool     `help:"Adult movies too." env:"-"`
	Hidden   bool     `help:"Hidden movies too." env:"-"`
	bundleSpaceFlags
}

// Help is shown below the flags.
func (movieSearchCmd) Help() string {
	return `Examples:
  marquee movie search "space heist comedy"
  marquee movie search robots learn to feel --from-year 1980 --to-year 1999 --genre Sci-Fi,Animation
  marquee movie search "una familia en la guerra" --language es -n 20

The search is by meaning, over the vectors that servers use, changes since the last build
included; filters are part of it, so that as many movies come back as there are. For a
movie by its name there is "marquee movie show".`
}

// A searched is the result of movie search.
type searched struct {
	Query    string      `json:"query"`
	Bundle   string      `json:"bundle"`
	Embedder embedder.ID `json:"embedder"`
	Movies   []neighbour `json:"movies"`
}

// Run searches.
func (c movieSearchCmd) Run(ctx context.Context, e *env) error {
	query := catalog.CleanText(strings.Join(c.Query, " "))
	switch {
	case c.N < 1 || c.N > 1000:
		return usage("-n is %d, want 1 to 1000", c.N)
	case query == "":
		return usage("the query is empty, want some words")
	case c.FromYear != 0 && c.ToYear != 0 && c.FromYear > c.ToYear:
		return usage("--from-year %d is after --to-year %d", c.FromYear, c.ToYear)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	w, err := e.openWorking(ctx, store, c.bundleSpaceFlags, e.openIndexHere)
	if err != nil {
		return err
	}
	defer w.close()
	out := searched{Query: query, Bundle: w.bundle.Manifest.ID, Embedder: w.bundle.Manifest.Embedder}
	if out.Movies, err = c.search(ctx, w, query); err != nil {
		return err
	}
	return e.print(out, func(w io.Writer) {
		if len(out.Movies) == 0 {
			fmt.Fprintln(w, "no movie passes the filters")
			return
		}
		writeNeighbours(w, out.Movies)
	})
}

// search returns the movies nearest to query that pass the filters.
func (c movieSearchCmd) search(ctx context.Context, w *working, query string) ([]neighbour, error) {
	keep, err := c.keep(w)
	if err != nil {
		return nil, err
	}
	vector, err := w.embed(ctx, []string{query})
	if err != nil {
		return nil, err
	}
	if indexer.ZeroRow(vector, len(vector), 0) {
		return nil, fmt.Errorf("%s knows no word of %q; try others: %w", w.bundle.Manifest.Embedder, query, catalog.ErrNotFound)
	}
	hits, err := w.state.Index.Search(ctx, vector, c.N, keep)
	if err != nil {
		return nil, fmt.Errorf("search index %s: %w", w.bundle.Manifest.Index.Kind, err)
	}
	near := make([]nearRow, len(hits))
	for i, h := range hits {
		near[i] = nearRow{h.Row, h.Score}
	}
	return w.shown(ctx, w.state, catalog.Movie{Title: query}, near)
}

// keep returns which rows may be found.
func (c movieSearchCmd) keep(w *working) (indexer.Keep, error) {
	m := w.state.Snapshot.Movies
	if m.Genres == nil && len(c.Genre)+len(c.Language) > 0 {
		return nil, fmt.Errorf("bundle %s has no genres and languages, it is of format %d; run \"marquee build\": %w", w.bundle.Manifest.ID, w.bundle.Manifest.Format, catalog.ErrInvalid)
	}
	if err := c.checkGenres(m.Genres); err != nil {
		return nil, err
	}
	return func(row uint32) bool {
		year := int(m.Years[row])
		switch {
		case m.IsGone(row), !c.Hidden && w.state.Snapshot.Hidden(row), !c.Adult && m.Adult[row]:
			return false
		case c.FromYear != 0 && year < c.FromYear, c.ToYear != 0 && (year == 0 || year > c.ToYear):
			return false
		case len(c.Language) > 0 && !containsFold(c.Language, m.Languages[row]):
			return false
		}
		return len(c.Genre) == 0 || slices.ContainsFunc(m.Genres[row], func(g string) bool { return containsFold(c.Genre, g) })
	}, nil
}

// checkGenres refuses a genre that no movie has, and names those that there are.
func (c movieSearchCmd) checkGenres(genres [][]string) error {
	if len(c.Genre) == 0 {
		return nil
	}
	counts := map[string]int{}
	for _, list := range genres {
		for _, g := range list {
			counts[g]++
		}
	}
	var all []string
	for g := range counts {
		all = append(all, g)
	}
	for _, want := range c.Genre {
		if !containsFold(all, want) {
			slices.SortFunc(all, func(a, b string) int { return counts[b] - counts[a] })
			return usage("no movie is of genre %q; the most common are %s", want, strings.Join(all[:min(20, len(all))], ", "))
		}
	}
	return nil
}

// containsFold reports whether s is among list, without regard to case.
func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}
