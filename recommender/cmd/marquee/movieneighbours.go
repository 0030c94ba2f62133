package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"marquee/catalog"
	"marquee/embedder"
)

type movieNeighboursCmd struct {
	movieArg
	N    int    `help:"Neighbours shown." short:"n" env:"-" default:"10" placeholder:"N"`
	From string `help:"Where they come from: table (exact, corrections included) or index (searched now)." enum:"table,index" default:"table" env:"-" placeholder:"PART"`
	bundleSpaceFlags
}

// Help is shown below the flags.
func (movieNeighboursCmd) Help() string {
	return `Examples:
  marquee movie neighbours "Toy Story"
  marquee movie neighbours 1 -n 20 --from index

Neighbours are those of the live bundle with every change since: what servers list from.
The words beside each are those that both texts share and few others have; by lsa they
are the reason, by other embedders they only tell what the two have in common.
Hidden movies and those not released yet are marked: servers leave them out.
A wrong neighbour is taken out with "marquee movie block", one that is missing put in
with "marquee movie pin".`
}

// A shownNeighbours is the result of movie neighbours.
type shownNeighbours struct {
	Movie      catalog.MovieID `json:"movie"`
	Title      string          `json:"title"`
	Bundle     string          `json:"bundle"`
	Embedder   embedder.ID     `json:"embedder"`
	Neighbours []neighbour     `json:"neighbours"`
}

// Run shows the neighbours of a movie.
func (c movieNeighboursCmd) Run(ctx context.Context, e *env) error {
	if c.N < 1 || c.N > 1000 {
		return usage("-n is %d, want 1 to 1000", c.N)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	m, err := c.find(ctx, e, store)
	if err != nil {
		return err
	}
	index := e.openIndexHere
	if c.From == "index" {
		index = e.openIndex
	}
	w, err := e.openWorking(ctx, store, c.bundleSpaceFlags, index)
	if err != nil {
		return err
	}
	defer w.close()
	near, err := c.near(ctx, w, m)
	if err != nil {
		return err
	}
	out := shownNeighbours{Movie: m.ID, Title: m.Title, Bundle: w.bundle.Manifest.ID, Embedder: w.bundle.Manifest.Embedder, Neighbours: near}
	return e.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "Nearest to %s (%s), by %s:\n", m.Title, m.ID, out.Embedder)
		writeNeighbours(w, near)
	})
}

// near returns the neighbours of m from the table or the index.
func (c movieNeighboursCmd) near(ctx context.Context, w *working, m catalog.Movie) ([]neighbour, error) {
	row, err := w.row(m.ID)
	if err != nil {
		return nil, err
	}
	if c.From == "table" {
		if k := w.bundle.Table.K(); c.N > k {
			w.env.log.Info("the table keeps fewer neighbours; --from index finds more", "kept", k)
		}
		return w.neighbours(ctx, w.state, m, c.N)
	}
	hits, err := w.state.Index.Search(ctx, w.state.Vector(row), c.N, func(r uint32) bool { return r != row })
	if err != nil {
		return nil, fmt.Errorf("search index %s: %w", w.bundle.Manifest.Index.Kind, err)
	}
	near := make([]nearRow, len(hits))
	for i, h := range hits {
		near[i] = nearRow{h.Row, h.Score}
	}
	return w.shown(ctx, w.state, m, near)
}

// writeNeighbours writes a table of neighbours.
func writeNeighbours(w io.Writer, near []neighbour) {
	if len(near) == 0 {
		fmt.Fprintln(w, "none: the movie has no text, or shares no word with another")
		return
	}
	rows := [][]string{{"", "similarity", "movie", "shared words", "genres", "id"}}
	for i, n := range near {
		similarity := fmt.Sprintf("%.3f", n.Similarity)
		if n.Pinned {
			similarity = "pinned"
		}
		rows = append(rows, []string{fmt.Sprint(i + 1), similarity, n.label(), strings.Join(n.Shared, " "), strings.Join(n.Genres, ", "), string(n.ID)})
	}
	columns(w, rows...)
}
