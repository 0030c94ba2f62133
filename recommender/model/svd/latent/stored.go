package latent

import (
	"fmt"
	"io"
	"slices"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes what was learned of movies, and of people on average.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var e column.Encoder
	e.Uint32s([]uint32{uint32(m.width)})
	e.Bools([]bool{m.biased, m.implicit != nil})
	e.Float64s([]float64{m.mean, m.reg, m.foldReg, m.foldBiasReg, m.averageBias})
	e.Float32s(m.average)
	e.Bools(m.known)
	e.Float32s(m.bias)
	e.Float32s(m.factors)
	e.Bools(m.seen)
	e.Float32s(m.implicit)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what WriteTo wrote, with or without an implicit part.
func Read(stored []byte, base *model.Base, implicit bool) (*Model, error) {
	d := column.NewDecoder(stored)
	width, flags, numbers := d.Uint32s(), d.Bools(), d.Float64s()
	m := &Model{
		scale: base.Scale, unit: unit(base.Scale),
		average: d.Float32s(), known: d.Bools(), bias: d.Float32s(), factors: d.Float32s(), seen: d.Bools(), implicit: d.Float32s(),
	}
	if err := d.Finish(); err != nil {
		return nil, err
	}
	if len(width) != 1 || len(flags) != 2 || len(numbers) != 5 {
		return nil, fmt.Errorf("%d, %d and %d values at the head, want 1, 2 and 5: %w", len(width), len(flags), len(numbers), column.ErrBroken)
	}
	m.width, m.biased = int(width[0]), flags[0]
	m.mean, m.reg, m.foldReg, m.foldBiasReg, m.averageBias = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
	if m.biased {
		m.start = m.mean
	}
	if flags[1] != implicit {
		return nil, fmt.Errorf("with implicit factors: %v, want %v: %w", flags[1], implicit, column.ErrBroken)
	}
	if !implicit {
		m.implicit = nil
	}
	if err := m.check(base.Movies); err != nil {
		return nil, fmt.Errorf("%w: %w", err, column.ErrBroken)
	}
	return m, nil
}

// check reports what Read may not take from a file, and arranges the rest.
func (m *Model) check(movies int) error {
	if m.width < 1 || m.width > 1024 || len(m.average) != m.width {
		return fmt.Errorf("%d factors, %d on average, want 1 to 1024", m.width, len(m.average))
	}
	lengths := []int{len(m.known), len(m.bias), len(m.seen), len(m.factors) / m.width, len(m.factors) % m.width}
	if !slices.Equal(lengths, []int{movies, movies, movies, movies, 0}) {
		return fmt.Errorf("columns of %d movies, want %d", lengths, movies)
	}
	if m.implicit != nil && len(m.implicit) != len(m.factors) {
		return fmt.Errorf("%d implicit factors, want %d", len(m.implicit), len(m.factors))
	}
	for _, v := range []float64{m.foldReg, m.foldBiasReg} {
		if !(v >= leastPenalty && v <= mostPenalty) {
			return fmt.Errorf("penalty %v, want %v to %v", v, leastPenalty, mostPenalty)
		}
	}
	if !(m.reg >= 0 && m.reg <= 1) {
		return fmt.Errorf("penalty %v, want 0 to 1", m.reg)
	}
	return m.arrange()
}
