package model

import (
	"io"
	"math"
	"slices"
)

// Extend returns m with len(rows)/dims movies behind its own, whose vectors rows
// holds. A model that is no [Extender] knows nothing of them.
func Extend(m Model, rows []float32, dims int) (Model, error) {
	if x, ok := m.(Extender); ok {
		return x.Extend(rows, dims)
	}
	return &padded{m, m.Len() + len(rows)/dims}, nil
}

// A padded model has movies behind its own of which it knows nothing.
type padded struct {
	model Model
	rows  int
}

func (p *padded) Len() int { return p.rows }

func (p *padded) Score(q Query, scores []float32) Basis {
	n := p.model.Len()
	later := func(s Seen) bool { return int(s.Movie) >= n }
	if slices.ContainsFunc(q.Seen, later) {
		q.Seen = slices.DeleteFunc(slices.Clone(q.Seen), later)
	}
	for i := n; i < len(scores); i++ {
		scores[i] = float32(math.NaN())
	}
	return p.model.Score(q, scores[:n])
}

func (p *padded) Extend(rows []float32, dims int) (Model, error) {
	return &padded{p.model, p.rows + len(rows)/dims}, nil
}

func (p *padded) WriteTo(w io.Writer) (int64, error) { return p.model.WriteTo(w) }
