package latent

import (
	"marquee/embedder/vec"
	"marquee/recommender/model/linear"
)

// tables are what is asked of a model, along the axes of the movies' factors, on which
// the fold's penalty does not depend: as bytes, see [linear.Table].
type tables struct {
	factors  *linear.Table // with base, in the units of ratings
	implicit *linear.Table // nil without
	average  []float32     // [width]
}

// pack makes the tables, when the model is asked for the first time.
func (m *Model) pack() *tables {
	d := m.width
	base := make([]float32, len(m.base))
	vec.Axpy(float32(m.unit), m.base, base)
	t := &tables{factors: linear.Turned(m.factors, d, base), average: make([]float32, d)}
	t.factors.Turn(t.average, m.average)
	if m.implicit != nil {
		t.implicit = t.factors.Plain(m.implicit)
	}
	return t
}
