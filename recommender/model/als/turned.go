package als

import (
	"math"
	"sync"

	"marquee/recommender/model/linear"
)

// A turned model has the movies' factors along the axes of the Gram matrix. There that
// matrix is diagonal, so that a history is solved by a few rounds of conjugate
// gradients over its own movies alone: see [linear.Ridge].
type turned struct {
	values []float32     // [Dims], of the Gram matrix along the axes; nil if there are too many to find them
	table  *linear.Table // of the factors, along the axes if there are any
}

// turn finds the axes, when the model is asked for the first time.
func (m *Model) turn() *turned {
	axes, values := linear.Axes(m.gram, m.c.Dims)
	return &turned{values: values, table: linear.Along(m.items, m.c.Dims, m.blanks(0), axes)}
}

// blanks returns 0 for each movie from from on, and NaN for those of which nothing is
// known.
func (m *Model) blanks(from int) []float32 {
	out := make([]float32, m.Len()-from)
	for i, s := range m.source[from:] {
		if s == unknown {
			out[i] = float32(math.NaN())
		}
	}
	return out
}

// extended returns what m.turned says, with the movies of x that are behind those of m.
// What it says of all scores stays that of the movies trained on.
func (m *Model) extended(x *Model) *turned {
	t := *m.turned()
	t.table = t.table.Extend(x.items[m.Len()*m.c.Dims:], x.blanks(m.Len()))
	return &t
}

// lazily makes m find its axes when it is asked for the first time.
func (m *Model) lazily() { m.turned = sync.OnceValue(m.turn) }
