package itemknn

import (
	"encoding/json"
	"fmt"
	"io"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes the settings, the means of movies and their neighbours. Nothing
// in them is of one person, but for a movie that one person alone rated, whose
// mean is that rating.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	settings, err := json.Marshal(m.c)
	if err != nil {
		return 0, err
	}
	counts := make([]uint32, m.Len())
	for i := range counts {
		counts[i] = uint32(m.starts[i+1] - m.starts[i])
	}
	e := column.Encoder{Data: make([]byte, 0, 1024+9*m.Len()+8*len(m.rows))}
	e.Bytes(settings)
	e.Bools(m.known)
	e.Float32s(m.means)
	e.Float32s([]float32{m.mean})
	e.Uint32s(counts)
	e.Uint32s(m.rows)
	e.Float32s(m.likes)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what [Model.WriteTo] wrote. Errors wrap
// [column.ErrBroken].
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	settings := d.Bytes()
	m := &Model{scale: base.Scale, known: d.Bools(), means: d.Float32s()}
	mean, counts := d.Float32s(), d.Uint32s()
	m.rows, m.likes = d.Uint32s(), d.Float32s()
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("itemknn: %w", err)
	}
	var err error
	if m.c, err = model.Settings(DefaultConfig(), settings); err != nil {
		return nil, fmt.Errorf("itemknn: %w: %w", err, column.ErrBroken)
	}
	n := base.Movies
	if len(m.known) != n || len(m.means) != n || len(mean) != 1 || len(counts) != n || len(m.rows) != len(m.likes) {
		return nil, fmt.Errorf("itemknn: %d movies, %d means, %d and %d neighbours, want %d movies: %w", len(m.known), len(m.means), len(m.rows), len(m.likes), n, column.ErrBroken)
	}
	m.mean = mean[0]
	if err := m.check(counts); err != nil {
		return nil, fmt.Errorf("itemknn: %w: %w", err, column.ErrBroken)
	}
	m.prepare()
	return m, nil
}

// check returns an error for numbers that no model has, and fills in starts.
func (m *Model) check(counts []uint32) error {
	for i, v := range append([]float32{m.mean}, m.means...) {
		if !(float64(v) >= m.scale.Min && float64(v) <= m.scale.Max) {
			return fmt.Errorf("mean %d is %v, want %g to %g", i, v, m.scale.Min, m.scale.Max)
		}
	}
	m.starts = make([]int64, 1, len(counts)+1)
	for i, c := range counts {
		m.starts = append(m.starts, m.starts[i]+int64(c))
	}
	if total := m.starts[len(counts)]; total != int64(len(m.rows)) {
		return fmt.Errorf("lists of %d neighbours, there are %d", total, len(m.rows))
	}
	for i, row := range m.rows {
		if int(row) >= len(counts) {
			return fmt.Errorf("neighbour %d is movie %d of %d", i, row, len(counts))
		}
		if !(m.likes[i] > 0 && m.likes[i] <= most) {
			return fmt.Errorf("neighbour %d is alike by %v, want above 0", i, m.likes[i])
		}
	}
	return nil
}

// most bounds what a similarity may be, so that no sum of a history is infinite.
const most = 1e9
