package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/recommender/bundle"
)

type movieCmd struct {
	Show       movieShowCmd       `cmd:"" help:"Show what is known of a movie."`
	Neighbours movieNeighboursCmd `cmd:"" help:"Show the nearest movies of a movie."`
}

// movieArg names a movie by id or title.
type movieArg struct {
	Movie string `arg:"" help:"Id or title of the movie."`
}

// find returns the movie that the argument means: by id, by whole title, or by
// part of one. Where several are meant it takes the first and says so.
func (a movieArg) find(ctx context.Context, e *env, store *sqlstore.Store) (catalog.Movie, error) {
	if id, err := catalog.ParseMovieID(a.Movie); err == nil {
		if m, err := store.Movie(ctx, id); err == nil {
			return m, nil
		}
	}
	found, err := store.FindMovies(ctx, a.Movie, 10)
	if err != nil {
		return catalog.Movie{}, err
	}
	if len(found) == 0 {
		return catalog.Movie{}, fmt.Errorf("no movie has the id or title %q: %w", a.Movie, catalog.ErrNotFound)
	}
	if whole := slices.DeleteFunc(slices.Clone(found), func(m catalog.Movie) bool { return !strings.EqualFold(m.Title, a.Movie) }); len(whole) > 0 {
		found = whole
	}
	if len(found) > 1 {
		others := make([]string, 0, len(found)-1)
		for _, m := range found[1:] {
			others = append(others, fmt.Sprintf("%s (%d) is %s", m.Title, m.Year, m.ID))
		}
		e.log.Info("several titles match; the first is taken", "taken", found[0].ID, "others", strings.Join(others, "; "))
	}
	return found[0], nil
}

type movieShowCmd struct{ movieArg }

// Run shows the facts of a movie and the text that is embedded.
func (c movieShowCmd) Run(ctx context.Context, e *env) error {
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	m, err := c.find(ctx, e, store)
	if err != nil {
		return err
	}
	return e.print(m, func(w io.Writer) {
		rows := [][]string{
			{"id", string(m.ID)}, {"title", m.Title}, {"year", zeroNone(m.Year)},
			{"genres", strings.Join(m.Genres, ", ")}, {"people", strings.Join(m.People, ", ")},
			{"keywords", strings.Join(m.Keywords, ", ")}, {"collection", m.Collection},
			{"language", m.Language}, {"runtime", zeroNone(m.RuntimeMinutes)}, {"imdb", m.IMDBID}, {"tmdb", zeroNone(int(m.TMDBID))},
		}
		shown := rows[:0]
		for _, r := range rows {
			if r[1] != "" {
				shown = append(shown, r)
			}
		}
		columns(w, shown...)
		fmt.Fprintf(w, "\nThe text that is embedded:\n%s\n", embedder.Document(m))
	})
}

func zeroNone(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

type movieNeighboursCmd struct {
	movieArg
	N    int    `help:"Neighbours shown." short:"n" env:"-" default:"10" placeholder:"N"`
	From string `help:"Where they come from: table (exact, made by the build) or index (searched now)." enum:"table,index" default:"table" placeholder:"PART"`
}

// Help is shown below the flags.
func (movieNeighboursCmd) Help() string {
	return `Examples:
  marquee movie neighbours "Toy Story"
  marquee movie neighbours 1 -n 20 --from index`
}

// A shownNeighbours is the result of movie neighbours.
type shownNeighbours struct {
	Movie      catalog.MovieID  `json:"movie"`
	Title      string           `json:"title"`
	Bundle     string           `json:"bundle"`
	Embedder   embedder.ID      `json:"embedder"`
	Neighbours []shownNeighbour `json:"neighbours"`
}

type shownNeighbour struct {
	ID         catalog.MovieID `json:"id"`
	Title      string          `json:"title"`
	Genres     []string        `json:"genres"`
	Similarity float32         `json:"similarity"` // cosine
}

// Run shows the neighbours of a movie in the live bundle.
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
	b, err := e.openLive(ctx)
	if err != nil {
		return err
	}
	out := shownNeighbours{Movie: m.ID, Title: m.Title, Bundle: b.Manifest.ID, Embedder: b.Manifest.Embedder, Neighbours: []shownNeighbour{}}
	near, err := c.near(ctx, b, m.ID)
	if err != nil {
		return err
	}
	for _, n := range near {
		facts, err := store.Movie(ctx, b.Movies.IDs[n.row])
		if err != nil {
			facts = catalog.Movie{} // gone from the store since the build
		}
		out.Neighbours = append(out.Neighbours, shownNeighbour{b.Movies.IDs[n.row], b.Movies.Label(n.row), facts.Genres, n.similarity})
	}
	return e.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "Nearest to %s (%s), by %s:\n", m.Title, m.ID, b.Manifest.Embedder)
		rows := [][]string{{"", "similarity", "movie", "genres", "id"}}
		for i, n := range out.Neighbours {
			rows = append(rows, []string{fmt.Sprint(i + 1), fmt.Sprintf("%.3f", n.Similarity), n.Title, strings.Join(n.Genres, ", "), string(n.ID)})
		}
		columns(w, rows...)
	})
}

// A nearRow is a neighbour by its row.
type nearRow struct {
	row        uint32
	similarity float32
}

func (c movieNeighboursCmd) near(ctx context.Context, b *bundle.Bundle, id catalog.MovieID) ([]nearRow, error) {
	row, ok := b.Movies.Row(id)
	if !ok {
		return nil, fmt.Errorf("movie %q is not in the live bundle %s; run \"marquee build\": %w", id, b.Manifest.ID, catalog.ErrNotFound)
	}
	var out []nearRow
	if c.From == "table" && c.N > b.Table.K() {
		return nil, usage("-n is %d and the table keeps %d neighbours; --from index finds more", c.N, b.Table.K())
	}
	if c.From == "table" {
		for _, n := range b.Table.Of(row) {
			if len(out) < c.N {
				out = append(out, nearRow{n.Row, n.Score})
			}
		}
		return out, nil
	}
	hits, err := b.Index.Search(ctx, b.Vector(row), c.N, func(r uint32) bool { return r != row })
	if err != nil {
		return nil, fmt.Errorf("search index %s: %w", b.Manifest.Index.Kind, err)
	}
	for _, h := range hits {
		out = append(out, nearRow{h.Row, h.Score})
	}
	return out, nil
}
