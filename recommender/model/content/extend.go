package content

import (
	"fmt"
	"math"
	"slices"

	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/itemknn/alike"
)

// Extend returns m with more movies. By table, a new movie gets its nearest of
// all movies, and stands beside the neighbours of those movies that would have it
// among theirs; no list of the bundle loses any, so its movies keep their scores. A list
// of a movie that came later has the nearest of all that are there by now. What comes out
// follows from the movies, not from how they came, at once or one by one. It takes time
// proportional to movies times new movies.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) {
	if dims != m.dims {
		return nil, fmt.Errorf("content: new movies have vectors of %d, want %d: %w", dims, m.dims, indexer.ErrDims)
	}
	if err := indexer.CheckRows(rows, dims); err != nil {
		return nil, fmt.Errorf("content: new movies: %w", err)
	}
	x := &Model{c: m.c, scale: m.scale, dims: dims, vectors: m.vectors, table: m.table, late: slices.Concat(m.late, rows)}
	x.prepare()
	x.statistics, x.heads = m.statistics, m.heads
	x.blank = blanks(x.blank, x.late, dims)
	x.blanks = blanksOf(x.blank)
	if m.table != nil {
		x.more = make([][]indexer.Neighbour, x.Len())
		copy(x.more, m.more)
		x.connect(m.Len())
	}
	return x, nil
}

// connect finds the neighbours of the movies from row old on, one after another.
func (m *Model) connect(old int) {
	likeness := make([]float32, m.Len())
	bundled := len(m.vectors) / m.dims
	var nearest alike.Nearest
	for row := old; row < m.Len(); row++ {
		v := m.vector(uint32(row))
		vec.DotRows(likeness[:bundled], v, m.vectors)
		vec.DotRows(likeness[bundled:], v, m.late)
		nearest.Start(m.table.K())
		for other, s := range likeness[:row] {
			if !(s > 0) {
				continue
			}
			nearest.Offer(uint32(other), s)
			if s > m.floor(uint32(other)) {
				m.link(uint32(other), indexer.Neighbour{Row: uint32(row), Score: s})
			}
		}
		for _, n := range nearest.Best() {
			m.more[row] = append(m.more[row], indexer.Neighbour{Row: n.Row, Score: n.Score})
		}
	}
}

// link puts n, which comes behind all rows so far and within the floor of row, among the neighbours of row: beside those
// of the bundle if it is of the bundle, else at its place, so that the farthest may go.
// Lists are shared with the model that m extends, so they are copied.
func (m *Model) link(row uint32, n indexer.Neighbour) {
	list := m.more[row]
	if int(row) < m.table.Rows() {
		m.more[row] = append(slices.Clip(list), n)
		return
	}
	at := len(list)
	for at > 0 && list[at-1].Score < n.Score { // of two as near the earlier row stands first
		at--
	}
	if k := m.table.K(); at < k {
		next := slices.Concat(list[:at], []indexer.Neighbour{n}, list[at:])
		m.more[row] = next[:min(len(next), k)]
	}
}

// floor returns the likeness above which a movie would be among the neighbours of
// row.
func (m *Model) floor(row uint32) float32 {
	near := m.table.Of(row)
	if int(row) >= m.table.Rows() {
		near = m.more[row]
	}
	if k := m.table.K(); len(near) >= k && k > 0 {
		return near[k-1].Score
	}
	return float32(math.Inf(-1))
}
