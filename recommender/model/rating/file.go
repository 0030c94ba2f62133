package rating

import (
	"fmt"
	"io"
	"slices"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes the model: width+1 numbers of four bytes a movie, and little
// beside them.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	n := &m.newcomer
	var e column.Encoder
	e.Uint32s([]uint32{uint32(len(m.item)), uint32(m.width), uint32(n.axes.dims), uint32(n.axes.count), uint32(n.content), uint32(n.quality)})
	e.Float32s([]float32{m.mean, n.axis, n.item, n.mean, n.spread})
	e.Float32s(m.item)
	e.Float32s(m.tastes)
	for _, t := range m.groups {
		column.EncodeStrings(&e, t.names)
		e.Float32s(t.weights)
	}
	e.Float32s(n.axes.center)
	e.Float32s(n.axes.rows)
	e.Float32s(n.slope)
	e.Float32s(n.taste)
	written, err := w.Write(e.Data)
	return int64(written), err
}

// Read reads what WriteTo wrote. A file that is broken, or of other movies or
// vectors than base's, is an error that wraps [column.ErrBroken].
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	sizes, numbers := d.Uint32s(), d.Float32s()
	m := &Model{scale: base.Scale, item: d.Float32s(), tastes: d.Float32s()}
	for k := range m.groups {
		m.groups[k] = trait{names: column.DecodeStrings[string](d), weights: d.Float32s()}
	}
	n := &m.newcomer
	n.axes = &axes{center: d.Float32s(), rows: d.Float32s()}
	n.slope, n.taste = d.Float32s(), d.Float32s()
	if err := d.Finish(); err != nil {
		return nil, err
	}
	if len(sizes) != 6 || len(numbers) != 5 {
		return nil, fmt.Errorf("%d sizes and %d numbers, want 6 and 5: %w", len(sizes), len(numbers), column.ErrBroken)
	}
	m.width, n.axes.dims, n.axes.count, n.content, n.quality = int(sizes[1]), int(sizes[2]), int(sizes[3]), int(sizes[4]), int(sizes[5])
	m.mean, n.axis, n.item, n.mean, n.spread = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
	if err := m.check(int(sizes[0]), base, numbers); err != nil {
		return nil, fmt.Errorf("%w: %w", err, column.ErrBroken)
	}
	return m.ready(), nil
}

// maxWidth is the most columns of a row of taste that can be written.
const maxWidth = 2 + len(tasteFacts) + maxGenres + maxContent

// check returns what is wrong with a model that was read.
func (m *Model) check(movies int, base *model.Base, numbers []float32) error {
	n := &m.newcomer
	switch {
	case movies != base.Movies || len(m.item) != movies:
		return fmt.Errorf("%d movies, the bundle has %d", movies, base.Movies)
	case m.width < 1 || m.width > maxWidth || len(m.tastes) != movies*m.width || len(n.taste) != m.width:
		return fmt.Errorf("%d values of taste in rows of %d, want %d rows", len(m.tastes), m.width, movies)
	case n.quality < 1 || n.quality >= m.width || n.content < 0 || n.axes.count > maxContent || n.content+n.axes.count != m.width || len(n.slope) != n.axes.count:
		return fmt.Errorf("columns of taste %d and %d of %d, with %d axes", n.quality, n.content, m.width, n.axes.count)
	case n.axes.count > 0 && n.axes.dims != base.Dims:
		return fmt.Errorf("vectors of %d dims, the bundle's have %d", n.axes.dims, base.Dims)
	case len(n.axes.center) != n.axes.dims || len(n.axes.rows) != n.axes.count*n.axes.dims:
		return fmt.Errorf("%d values of %d axes of %d dims", len(n.axes.rows), n.axes.count, n.axes.dims)
	}
	all := [][]float32{numbers, m.tastes, n.axes.center, n.axes.rows, n.slope, n.taste}
	for _, t := range m.groups {
		if len(t.names) > maxGroups || len(t.weights) != len(t.names)*m.width || !increasing(t.names) {
			return fmt.Errorf("%d weights of %d groups", len(t.weights), len(t.names))
		}
		all = append(all, t.weights)
	}
	for _, values := range all {
		if slices.ContainsFunc(values, func(v float32) bool { return !(v >= -huge && v <= huge) }) {
			return fmt.Errorf("a number beyond %g", float64(huge))
		}
	}
	if slices.ContainsFunc(m.item, func(v float32) bool { return v < -huge || v > huge }) {
		return fmt.Errorf("a rating beyond %g", float64(huge))
	}
	return nil
}

// huge is more than any number of a sound model, and small enough that sums of
// products of two such stay finite.
const huge = float32(1e6)

func increasing(names []string) bool {
	for i, name := range names {
		if len(name) > catalog.MaxTextBytes || name == "" || i > 0 && name <= names[i-1] {
			return false
		}
	}
	return true
}
