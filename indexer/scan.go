package indexer

import (
	"context"
	"slices"

	"marquee/embedder/vec"
)

// Of the scores that are made at once.
const (
	scanRows    = 256 // as in Neighbours
	scanQueries = 4 * vec.PanelWidth
)

// nearest returns the k nearest rows of each of queries. each, unless nil, is
// told the scores of every row that is not of zeros with those queries that are
// not, itself left out, some at a time.
func (e *Extended) nearest(ctx context.Context, queries []uint32, k int, each func(row uint32, near []Neighbour)) ([][]Neighbour, error) {
	made := make([][]Neighbour, 0, len(queries))
	for part := range slices.Chunk(queries, scanQueries) {
		s := e.newScan(part, min(k, max(0, e.rows()-1)), each)
		for from := 0; from < e.rows(); from += scanRows {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s.block(from, min(from+scanRows, e.rows()))
		}
		for i := range s.lists {
			made = append(made, slices.Clone(s.lists[i].Sorted()))
		}
	}
	return made, nil
}

// A scan multiplies some rows with all.
type scan struct {
	*Extended
	queries []uint32
	zero    []bool    // of queries
	panels  []float32 // queries, packed
	scores  []float32 // [scanRows x len(queries)]
	lists   []Best    // of queries
	near    []Neighbour
	each    func(row uint32, near []Neighbour)
}

func (e *Extended) newScan(queries []uint32, k int, each func(uint32, []Neighbour)) *scan {
	s := &scan{
		Extended: e, queries: queries, each: each,
		zero:   make([]bool, len(queries)),
		scores: make([]float32, scanRows*len(queries)),
		lists:  make([]Best, len(queries)),
	}
	rows := make([]float32, 0, len(queries)*e.dims)
	for i, q := range queries {
		v := e.Vector(q)
		rows = append(rows, v...)
		s.zero[i] = alive(v) == 0
		s.lists[i].Reset(k)
	}
	s.panels = vec.PackPanels(rows, e.dims, len(queries))
	return s
}

// block offers rows from up to before to.
func (s *scan) block(from, to int) {
	q := len(s.queries)
	if n := len(s.base) / s.dims; from < n {
		rows := min(to, n) - from
		vec.MulPanels(s.scores, q, s.base[from*s.dims:], s.dims, s.panels, nil, rows, s.dims, q)
	}
	for row := from; row < to; row++ {
		scores := s.scores[(row-from)*q:][:q]
		v := s.Vector(uint32(row))
		if _, changed := s.own[uint32(row)]; changed || row >= len(s.base)/s.dims {
			vec.MulPanels(scores, q, v, s.dims, s.panels, nil, 1, s.dims, q)
		}
		if alive(v) == 1 {
			s.row(uint32(row), scores)
		}
	}
}

// row offers one row to all queries.
func (s *scan) row(row uint32, scores []float32) {
	s.near = s.near[:0]
	for i, score := range scores {
		if s.zero[i] || s.queries[i] == row {
			continue
		}
		if score >= s.lists[i].Floor() {
			s.lists[i].Offer(Hit{Row: row, Score: score})
		}
		if s.each != nil {
			s.near = append(s.near, Neighbour{Row: s.queries[i], Score: score})
		}
	}
	if len(s.near) > 0 {
		s.each(row, s.near)
	}
}
