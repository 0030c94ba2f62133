package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// A Preview is what a reindex would change.
type Preview struct {
	Added    []Named `json:"added"`
	Changed  []Named `json:"changed"` // of another text
	Facts    []Named `json:"facts"`   // of the same text, and other facts
	Removed  []Named `json:"removed"`
	Affected int     `json:"affected"` // movies of the bundle, not among Removed, whose nearest are others
	Moved    []Moved `json:"moved"`    // those of them whose neighbours move most
	Work     Work    `json:"work"`
}

// A Named is a movie for people to read.
type Named struct {
	Movie catalog.MovieID `json:"movie"`
	Label string          `json:"label"` // title and year, or the id
}

// A Moved is a movie with other neighbours than before.
type Moved struct {
	Named
	Overlap float64 `json:"overlap"` // share of the first neighbours that are the same, 0 to 1
	Before  []Named `json:"before"`  // the first neighbours, best first
	After   []Named `json:"after"`
}

// firstNeighbours is how many neighbours are compared.
const firstNeighbours = 10

// Preview returns what f would change in b, with the most movies whose neighbours move
// most. It embeds and lays over as Patch and Whole do, and writes nothing but to the
// cache. Corrections of neighbours are left aside.
func (r Reindex) Preview(ctx context.Context, b *bundle.Bundle, f Found, most int) (Preview, error) {
	p := Preview{Added: labels(f.Added), Changed: labels(f.Changed), Facts: labels(f.Facts)}
	for _, id := range f.Removed {
		if row, known := b.Movies.Row(id); known {
			p.Removed = append(p.Removed, Named{id, b.Movies.Label(row)})
		}
	}
	movies, after, err := r.neighbours(ctx, b, f, &p.Work)
	if err != nil {
		return Preview{}, err
	}
	var moved []movedRow
	for row := range uint32(b.Movies.Len()) {
		if movies.IsGone(row) || b.Movies.IsGone(row) {
			continue
		}
		if share := overlap(first(b.Table.Of(row)), first(after(row))); share < 1 {
			moved = append(moved, movedRow{row, share})
		}
	}
	p.Affected = len(moved)
	slices.SortStableFunc(moved, func(x, y movedRow) int { return cmp.Compare(x.overlap, y.overlap) })
	for _, m := range moved[:min(len(moved), max(0, most))] {
		p.Moved = append(p.Moved, Moved{
			Named: Named{b.Movies.IDs[m.row], movies.Label(m.row)}, Overlap: m.overlap,
			Before: named(b.Movies, first(b.Table.Of(m.row))), After: named(movies, first(after(m.row))),
		})
	}
	return p, nil
}

type movedRow struct {
	row     uint32
	overlap float64
}

// neighbours returns the movies and the neighbours of each row with f in b.
func (r Reindex) neighbours(ctx context.Context, b *bundle.Bundle, f Found, work *Work) (*rank.Movies, func(row uint32) []indexer.Neighbour, error) {
	if r.Large(b.Manifest, f) {
		next, err := r.renew(ctx, b, f, work)
		if err != nil {
			return nil, nil, err
		}
		table, err := works{progress: r.Progress, log: r.Log}.table(ctx, next.vectors, b.Manifest.Embedder.Dims, min(firstNeighbours, b.Table.K()))
		if err != nil {
			return nil, nil, err
		}
		return next.movies, table.Of, nil
	}
	added, err := r.embed(ctx, b, f, work)
	if err != nil {
		return nil, nil, err
	}
	bare := *b
	bare.Models, bare.Index = nil, nil // neither is asked
	l, err := r.lay(ctx, &bare, added, f.Removed)
	if err != nil {
		return nil, nil, fmt.Errorf("preview: %w", err)
	}
	return l.after.Snapshot.Movies, l.after.Neighbours, nil
}

// first returns the beginning of a list of neighbours.
func first(list []indexer.Neighbour) []indexer.Neighbour {
	return list[:min(len(list), firstNeighbours)]
}

// overlap returns the share of the longer list that is in both; 1 of empty ones.
func overlap(a, b []indexer.Neighbour) float64 {
	n := 0
	for _, x := range a {
		if slices.ContainsFunc(b, func(y indexer.Neighbour) bool { return x.Row == y.Row }) {
			n++
		}
	}
	if longer := max(len(a), len(b)); longer > 0 {
		return float64(n) / float64(longer)
	}
	return 1
}

func named(movies *rank.Movies, list []indexer.Neighbour) []Named {
	out := make([]Named, len(list))
	for i, n := range list {
		out[i] = Named{movies.IDs[n.Row], movies.Label(n.Row)}
	}
	return out
}

func labels(movies []catalog.Movie) []Named {
	out := make([]Named, len(movies))
	for i, m := range movies {
		out[i] = Named{m.ID, label(m)}
	}
	return out
}

// label returns title and year of m, or its id.
func label(m catalog.Movie) string {
	switch {
	case m.Title == "":
		return string(m.ID)
	case m.Year == 0:
		return m.Title
	}
	return fmt.Sprintf("%s (%d)", m.Title, m.Year)
}
