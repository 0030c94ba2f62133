package content

import (
	"fmt"
	"math"
	"sync"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
	"marquee/recommender/model/linear"
)

// A Model holds its settings, and refers to the vectors and the table of a bundle.
type Model struct {
	c       Config
	scale   catalog.Scale
	dims    int
	vectors []float32      // [movies x dims] of the bundle
	table   *indexer.Table // of the bundle; nil by profile

	late []float32             // vectors of movies that came later
	more [][]indexer.Neighbour // row -> neighbours that the table does not have; nil until a movie comes later

	says    [51]float32  // of a watched movie, by ten times its preference
	fade    float64      // of each place in a history
	blank   []float32    // [Len]: 0, or NaN for a movie without a vector
	blanks  board.Blanks // [Len], those without
	known   int          // movies of the bundle that have one
	scratch sync.Pool    // of *[]float32, [dims]
	asks    sync.Pool    // of *asked, by profile of *askedProfile

	statistics func() *linear.Statistics // of the movies of the bundle
	heads      func() *heads             // of the table
}

// New returns a model of what base holds.
func New(c Config, base *model.Base) (*Model, error) {
	switch {
	case base.Dims < 1 || len(base.Vectors) != base.Movies*base.Dims:
		return nil, fmt.Errorf("%d movies have %d values as vectors of %d; build the vectors first: %w", base.Movies, len(base.Vectors), base.Dims, model.ErrData)
	case c.How == Table && (base.Table == nil || base.Table.Rows() != base.Movies):
		return nil, fmt.Errorf("%d movies have no neighbour table that fits; build it, or set how to %s: %w", base.Movies, Profile, model.ErrData)
	}
	m := &Model{c: c, scale: base.Scale, dims: base.Dims, vectors: base.Vectors}
	if c.How == Table {
		m.table = base.Table
	}
	m.prepare()
	return m, nil
}

// prepare makes what follows from settings and vectors.
func (m *Model) prepare() {
	for i := range m.says {
		m.says[i] = float32(math.Pow(float64(i)/50, m.c.Preference))
	}
	m.fade = 1
	if m.c.Recency > 0 {
		m.fade = math.Exp2(-1 / m.c.Recency)
	}
	m.blank = blanks(m.blank, m.vectors, m.dims)
	m.known = 0
	for _, blank := range m.blank {
		if blank == blank {
			m.known++
		}
	}
	m.blanks = blanksOf(m.blank)
	m.statistics = sync.OnceValue(func() *linear.Statistics {
		return linear.Measure(m.vectors, m.dims, m.blank[:len(m.vectors)/m.dims])
	})
	m.heads = sync.OnceValue(m.head)
	m.scratch.New = func() any {
		profile := make([]float32, m.dims)
		return &profile
	}
}

// blanks appends to dst what a movie scores that is near nothing.
func blanks(dst, vectors []float32, dims int) []float32 {
	for row := range uint32(len(vectors) / dims) {
		blank := float32(0)
		if indexer.ZeroRow(vectors, dims, row) {
			blank = float32(math.NaN())
		}
		dst = append(dst, blank)
	}
	return dst
}

// blanksOf returns the movies that score NaN.
func blanksOf(blank []float32) board.Blanks {
	return board.NewBlanks(len(blank), func(row int) bool { return blank[row] != blank[row] })
}

// Len returns the number of movies.
func (m *Model) Len() int { return len(m.blank) }

// vector returns the vector of a row, [dims].
func (m *Model) vector(row uint32) []float32 {
	if at := int(row) * m.dims; at < len(m.vectors) {
		return m.vectors[at : at+m.dims]
	}
	at := int(row)*m.dims - len(m.vectors)
	return m.late[at : at+m.dims]
}

// Score writes how near each movie lies to those of the history. By table, a movie
// that is a neighbour of none of them gets 0, and the time is proportional to the
// movies and to the neighbours of the history; by profile every movie with a
// vector is held against it, and the time is that of reading all vectors.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	if m.c.How == Profile {
		return m.scoreProfile(q, scores)
	}
	copy(scores, m.blank)
	return m.each(q, func(row uint32, say float32) bool {
		found := m.addNeighbors(scores, m.table.Of(row), say)
		return m.more != nil && m.addNeighbors(scores, m.more[row], say) || found
	})
}

// faint is the weight below which the rest of a history is left out: beside the
// first movie's of 1 it cannot count.
const faint = 1e-9

// each calls f for the movies of a history that the model knows, with their say,
// which fades from the first on of which f reports that it said something. The
// basis is None if there is none.
func (m *Model) each(q model.Query, f func(row uint32, say float32) bool) model.Basis {
	basis, weight, n := model.None, 1.0, 0
	for _, s := range q.Seen {
		if int(s.Movie) >= m.Len() {
			continue
		}
		if n++; m.c.History > 0 && n > m.c.History {
			break
		}
		if f(s.Movie, float32(weight)*m.says[model.PackPreference(s.Preference(m.scale))]) {
			basis = model.Personal
		}
		if basis == model.None {
			continue
		}
		if weight *= m.fade; weight < faint {
			break
		}
	}
	return basis
}

// addNeighbors adds the likeness of near to scores, and reports whether any was
// above 0.
func (m *Model) addNeighbors(scores []float32, near []indexer.Neighbour, say float32) bool {
	found := false
	for _, n := range near {
		if n.Score <= 0 {
			continue
		}
		scores[n.Row] += say * sharpen(n.Score, m.c.Sharpness)
		found = true
	}
	return found
}

// sharpen returns a likeness to a power; whole ones up to 10 are quick.
func sharpen(likeness float32, exponent float64) float32 {
	whole := int(exponent)
	if float64(whole) != exponent {
		return float32(math.Pow(float64(likeness), exponent))
	}
	out := likeness
	for range whole - 1 {
		out *= likeness
	}
	return out
}

func (m *Model) scoreProfile(q model.Query, scores []float32) model.Basis {
	buf := m.scratch.Get().(*[]float32)
	defer m.scratch.Put(buf)
	profile := *buf
	if !m.sum(q, profile) {
		return model.None
	}
	n := len(m.vectors) / m.dims
	vec.DotRows(scores[:n], profile, m.vectors)
	vec.DotRows(scores[n:m.Len()], profile, m.late)
	for i, blank := range m.blank {
		scores[i] += blank // NaN stays
	}
	return model.Personal
}
