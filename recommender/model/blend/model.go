package blend

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
)

// A Model is a weighted mean of its parts.
type Model struct {
	names   []string
	weights []float32 // of each part, 0 or more, adding up to 1
	parts   []model.Model
	rows    int
	boards  sync.Pool // of []float32, [parts x rows]
}

// New returns the blend of parts. Weights are 0 or more, one above 0.
func New(names []string, weights []float64, parts []model.Model) (*Model, error) {
	if len(names) == 0 || len(names) > maxParts || len(weights) != len(names) || len(parts) != len(names) {
		return nil, fmt.Errorf("%d names, %d weights and %d parts, want as many of each, 1 to %d: %w", len(names), len(weights), len(parts), maxParts, catalog.ErrInvalid)
	}
	m := &Model{names: names, parts: parts, rows: parts[0].Len(), weights: make([]float32, len(weights))}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weight of %s is %v, want 0 or more: %w", names[i], w, catalog.ErrInvalid)
		}
		if parts[i].Len() != m.rows {
			return nil, fmt.Errorf("%s scores %d movies and %s %d: %w", names[0], m.rows, names[i], parts[i].Len(), catalog.ErrInvalid)
		}
		sum += w
	}
	if !(sum > 0) {
		return nil, fmt.Errorf("weights are all 0: %w", catalog.ErrInvalid)
	}
	for i, w := range weights {
		m.weights[i] = float32(w / sum)
	}
	return m, nil
}

// Len returns the number of movies.
func (m *Model) Len() int { return m.rows }

// Parts returns the names of the parts.
func (m *Model) Parts() []string { return m.names }

// Weights returns the weight of each part; they add up to 1.
func (m *Model) Weights() []float32 { return slices.Clone(m.weights) }

// Score implements [model.Model]. It takes the time of the parts' scores and two
// passes over each.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	b, _ := m.boards.Get().(*[]float32)
	if b == nil {
		b = new(make([]float32, len(m.parts)*m.rows))
	}
	defer m.boards.Put(b)
	return m.Explain(q, scores, *b)
}

// Explain implements [model.Composite].
func (m *Model) Explain(q model.Query, scores, parts []float32) model.Basis {
	clear(scores)
	known := make([]float32, 0, len(m.parts))
	basis := model.None
	for i, p := range m.parts {
		part := parts[i*m.rows : (i+1)*m.rows]
		w := m.weights[i]
		if w > 0 {
			b := p.Score(q, part)
			basis = max(basis, b)
			if b == model.None || !Normalize(part, q.Seen) {
				w = 0
			}
		}
		if w == 0 {
			clear(part)
		}
		known = append(known, w)
	}
	total := float32(0)
	for _, w := range known {
		total += w
	}
	if total == 0 {
		return model.None
	}
	for row := range scores {
		m.mean(row, scores, parts, known)
	}
	return basis
}

// mean makes the score of a row from the parts that know it.
func (m *Model) mean(row int, scores, parts, weights []float32) {
	sum, have := float32(0), float32(0)
	for i, w := range weights {
		if v := parts[i*m.rows+row]; v == v && w > 0 {
			sum += w * v
			have += w
		}
	}
	if have == 0 {
		scores[row] = nan
		for i := range weights {
			parts[i*m.rows+row] = nan
		}
		return
	}
	scores[row] = sum / have
	for i, w := range weights {
		if v := parts[i*m.rows+row]; v == v {
			parts[i*m.rows+row] = w * v / have
		} else {
			parts[i*m.rows+row] = 0
		}
	}
}

var nan = float32(math.NaN())

// Normalize puts scores on the common scale: see the package. It reports false,
// and leaves rubbish, if they are all alike or none is known.
func Normalize(scores []float32, seen []model.Seen) bool {
	var n, sum, squares float64
	add := func(v float32, sign float64) {
		if v == v {
			n += sign
			sum += sign * float64(v)
			squares += sign * float64(v) * float64(v)
		}
	}
	for _, v := range scores {
		add(v, 1)
	}
	for _, s := range seen {
		if int(s.Movie) < len(scores) {
			add(scores[s.Movie], -1)
		}
	}
	if n < 2 {
		return false
	}
	mean := sum / n
	deviation := math.Sqrt(max(0, squares/n-mean*mean))
	if !(deviation > 1e-9*math.Abs(mean)) {
		return false
	}
	for i, v := range scores {
		scores[i] = float32(math.Asinh((float64(v) - mean) / deviation))
	}
	return true
}

// Extend implements [model.Extender]: parts that cannot say anything of a later
// movie leave it to the others.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) {
	next := &Model{names: m.names, weights: m.weights, parts: make([]model.Model, len(m.parts))}
	for i, p := range m.parts {
		x, err := model.Extend(p, rows, dims)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.names[i], err)
		}
		next.parts[i] = x
	}
	next.rows = next.parts[0].Len()
	return next, nil
}

// WriteTo writes names and weights; the parts are kept under their own names.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	column.EncodeStrings(&e, m.names)
	e.Float32s(m.weights)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read reads a blend of models of base.
func Read(stored []byte, base *model.Base) (model.Model, error) {
	d := column.NewDecoder(stored)
	names := column.DecodeStrings[string](d)
	weights := d.Float32s()
	if err := d.Finish(); err != nil {
		return nil, err
	}
	parts, err := partsOf(names, base)
	if err != nil {
		return nil, err
	}
	exact := make([]float64, len(weights))
	for i, w := range weights {
		exact[i] = float64(w)
	}
	m, err := New(names, exact, parts)
	if err != nil {
		return nil, err
	}
	m.weights = weights // as they were written: they add up to 1 but for rounding
	return m, nil
}

func partsOf(names []string, base *model.Base) ([]model.Model, error) {
	parts := make([]model.Model, len(names))
	var errs []error
	for i, n := range names {
		if parts[i] = base.Model(n); parts[i] == nil {
			errs = append(errs, fmt.Errorf("there is no model %q to blend: %w", n, catalog.ErrInvalid))
		}
	}
	return parts, errors.Join(errs...)
}
