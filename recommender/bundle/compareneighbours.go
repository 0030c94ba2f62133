package bundle

import (
	"cmp"
	"context"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/rank"
)

// comparedNeighbours is how many neighbours of each movie are compared: what a page
// of similar movies shows.
const comparedNeighbours = 10

// A MovedMovie is a movie whose neighbours are not the same.
type MovedMovie struct {
	MovieName
	Overlap float64           `json:"overlap"` // share of the first 10 that both have, whatever their order
	Before  []catalog.MovieID `json:"before"`  // the first 10, best first
	After   []catalog.MovieID `json:"after"`
}

// A NeighboursDifference says whose neighbours moved.
type NeighboursDifference struct {
	Compared int          `json:"compared"` // movies of both that have neighbours in both
	Moved    int          `json:"moved"`    // of which one of the first 10 is another
	Overlap  float64      `json:"overlap"`  // mean over those compared; 0 if there are none
	Most     []MovedMovie `json:"most"`     // those that share least with before, the first; ties by id
}

// A move is a movie whose neighbours moved.
type move struct {
	row, other int
	overlap    float64
}

func compareNeighbours(ctx context.Context, p pair, a, b *Bundle, most int) (NeighboursDifference, error) {
	d := NeighboursDifference{Most: []MovedMovie{}}
	before, err := a.State()
	if err != nil {
		return d, err
	}
	after, err := b.State()
	if err != nil {
		return d, err
	}
	var moves []move
	sum := 0.0
	for row, other := range p.toB {
		if row%1024 == 0 && ctx.Err() != nil {
			return d, ctx.Err()
		}
		if other == none {
			continue
		}
		x, y := nearest(before.Snapshot.Table, row), nearest(after.Snapshot.Table, other)
		if len(x) == 0 || len(y) == 0 {
			continue
		}
		m := move{row, other, p.overlap(x, y)}
		d.Compared++
		sum += m.overlap
		if m.overlap < 1 {
			d.Moved++
			moves = append(moves, m)
		}
	}
	if d.Compared > 0 {
		d.Overlap = sum / float64(d.Compared)
	}
	moves = first(moves, most, func(x, y move) int {
		return cmp.Or(cmp.Compare(x.overlap, y.overlap), cmp.Compare(p.a.IDs[x.row], p.a.IDs[y.row]))
	})
	for _, m := range moves {
		d.Most = append(d.Most, MovedMovie{
			nameOf(p.b, m.other), m.overlap,
			idsOf(p.a, nearest(before.Snapshot.Table, m.row)), idsOf(p.b, nearest(after.Snapshot.Table, m.other)),
		})
	}
	return d, nil
}

func nearest(t *indexer.Table, row int) []indexer.Neighbour {
	list := t.Of(uint32(row))
	return list[:min(len(list), comparedNeighbours)]
}

// overlap returns the share of neighbours that are in both, of the longer list.
func (p pair) overlap(x, y []indexer.Neighbour) float64 {
	shared := 0
	for _, n := range x {
		other := p.toB[n.Row] // none is no row
		if slices.ContainsFunc(y, func(m indexer.Neighbour) bool { return int(m.Row) == other }) {
			shared++
		}
	}
	return float64(shared) / float64(max(len(x), len(y)))
}

func idsOf(m *rank.Movies, list []indexer.Neighbour) []catalog.MovieID {
	ids := make([]catalog.MovieID, len(list))
	for i, n := range list {
		ids[i] = m.IDs[n.Row]
	}
	return ids
}
