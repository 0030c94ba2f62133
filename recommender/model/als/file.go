package als

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes the settings, the movies' factors and the map for movies that
// nobody watched. Nothing of any person is in it.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	settings, err := json.Marshal(m.c)
	if err != nil {
		return 0, err
	}
	var e column.Encoder
	e.Bytes(settings)
	e.Float64s([]float64{m.rating.Min, m.rating.Max, m.rating.Step, m.scale})
	e.Uint32s([]uint32{uint32(m.trained), uint32(m.vectorDims())})
	e.Bytes(m.source)
	e.Float32s(m.items)
	e.Float32s(m.gram)
	e.Float32s(m.weights)
	if m.cold != nil {
		e.Float32s(m.cold.weights)
		e.Float32s(m.cold.bias)
	}
	n, err := w.Write(e.Data)
	return int64(n), err
}

// most is the size past which no factor, weight or penalty is believed: sums of
// products of what is below are finite.
const most = 1e9

// Read makes the model of what WriteTo wrote.
func Read(stored []byte, base *model.Base) (*Model, error) {
	dec := column.NewDecoder(stored)
	settings, numbers, counts := dec.Bytes(), dec.Float64s(), dec.Uint32s()
	m := &Model{source: dec.Bytes(), items: dec.Float32s(), gram: dec.Float32s(), weights: dec.Float32s()}
	if len(counts) == 2 && counts[1] > 0 {
		m.cold = &coldMap{from: int(counts[1]), weights: dec.Float32s(), bias: dec.Float32s()}
	}
	if err := dec.Finish(); err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	if len(numbers) != 4 || len(counts) != 2 {
		return nil, fmt.Errorf("als: %d numbers and %d counts, want 4 and 2: %w", len(numbers), len(counts), column.ErrBroken)
	}
	if err := json.Unmarshal(settings, &m.c); err != nil {
		return nil, fmt.Errorf("als: settings: %w: %w", err, column.ErrBroken)
	}
	m.rating = catalog.Scale{Min: numbers[0], Max: numbers[1], Step: numbers[2]}
	m.scale, m.trained = numbers[3], int(counts[0])
	if len(m.weights) == 0 {
		m.weights = nil
	}
	if err := m.check(base); err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	return m.ready(), nil
}

// check returns an error that wraps [column.ErrBroken] if the parts do not fit
// each other and base.
func (m *Model) check(base *model.Base) error {
	d := m.c.Dims
	broken := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, column.ErrBroken)...)
	}
	if err := m.c.Validate(); err != nil {
		return broken("settings: %w", err)
	}
	if err := m.rating.Validate(); err != nil {
		return broken("scale of ratings: %w", err)
	}
	switch {
	case len(m.source) != base.Movies || len(m.items) != len(m.source)*d || len(m.gram) != d*d:
		return broken("%d movies, %d factors and %d of a Gram matrix, want %d movies of %d", len(m.source), len(m.items), len(m.gram), base.Movies, d)
	case m.trained > len(m.source) || (m.weights != nil && len(m.weights) != m.trained):
		return broken("%d movies trained on, %d weights, of %d movies", m.trained, len(m.weights), len(m.source))
	case !(m.scale >= 0 && m.scale <= most):
		return broken("scale of penalties is %v", m.scale)
	case m.cold != nil && m.cold.from != base.Dims:
		return broken("a map of vectors of %d dims, the bundle's have %d", m.cold.from, base.Dims)
	case m.cold != nil && (len(m.cold.weights) != m.cold.from*d || len(m.cold.bias) != d):
		return broken("a map of %d and %d values, want %d x %d", len(m.cold.weights), len(m.cold.bias), d, m.cold.from)
	}
	for _, s := range m.source {
		if s > predicted {
			return broken("a movie's factors are of sort %d", s)
		}
	}
	all := [][]float32{m.items, m.gram, m.weights}
	if m.cold != nil {
		all = append(all, m.cold.weights, m.cold.bias)
	}
	for _, values := range all {
		for _, v := range values {
			if !(math.Abs(float64(v)) <= most) {
				return broken("a value is %v", v)
			}
		}
	}
	return nil
}
