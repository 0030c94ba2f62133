package neural

import (
	"fmt"
	"io"
	"math"

	"marquee/recommender/column"
	"marquee/recommender/model"
)

// WriteTo writes the weights, movies of Extend included.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	all, known := m.all()
	var e column.Encoder
	e.Uint32s([]uint32{uint32(all.width), uint32(m.guess.dims)})
	e.Float64s([]float64{m.rating, m.recency})
	e.Bools(known)
	e.Float32s(all.in)
	e.Float32s(all.hidden)
	e.Float32s(all.out)
	e.Float32s(all.bias)
	e.Float32s(m.guess.mean)
	e.Float32s(m.guess.rows)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what one wrote.
func Read(stored []byte, base *model.Base) (model.Model, error) {
	d := column.NewDecoder(stored)
	sizes, settings, known := d.Uint32s(), d.Float64s(), d.Bools()
	w := &weights{in: d.Float32s(), hidden: d.Float32s(), out: d.Float32s(), bias: d.Float32s()}
	g := guess{mean: d.Float32s(), rows: d.Float32s()}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("read network: %w", err)
	}
	if len(sizes) != 2 || len(settings) != 2 {
		return nil, fmt.Errorf("network of %d sizes and %d settings, want two each: %w", len(sizes), len(settings), column.ErrBroken)
	}
	w.width, g.dims = int(sizes[0]), int(sizes[1])
	if err := fits(w, &g, len(known), base.Movies); err != nil {
		return nil, fmt.Errorf("network: %w: %w", err, column.ErrBroken)
	}
	if g.dims > 0 && g.dims != base.Dims {
		return nil, fmt.Errorf("network guesses from vectors of %d dims, the bundle's have %d: %w", g.dims, base.Dims, column.ErrBroken)
	}
	m := &Model{w: w, guess: g, scale: base.Scale, rating: settings[0], recency: settings[1], known: known}
	if !(m.rating >= 0 && m.rating <= 1) || !(m.recency >= 0 && m.recency <= mostRecency) {
		return nil, fmt.Errorf("network weighs ratings by %v and places by %v, want 0 to 1 and 0 to %v: %w", m.rating, m.recency, mostRecency, column.ErrBroken)
	}
	m.ready()
	return m, nil
}

// fits checks that all parts are of one size and hold nothing but finite weights
// that no product of theirs can take to infinity.
func fits(w *weights, g *guess, known, movies int) error {
	if w.width < 1 || w.width > mostHidden || g.dims > mostDims {
		return fmt.Errorf("width %d, vectors of %d, want 1 to %d and at most %d", w.width, g.dims, mostHidden, mostDims)
	}
	if known != movies || len(w.bias) != movies || len(w.hidden) != w.width || len(w.in) != movies*w.width || len(w.out) != movies*w.width {
		return fmt.Errorf("%d, %d, %d, %d, %d values for %d movies and a width of %d", known, len(w.in), len(w.hidden), len(w.out), len(w.bias), movies, w.width)
	}
	if each := g.each(w.width); len(g.mean) != each || len(g.rows) != each*g.dims {
		return fmt.Errorf("%d and %d values to guess with, want %d and %d", len(g.mean), len(g.rows), each, each*g.dims)
	}
	for _, part := range [][]float32{w.in, w.hidden, w.out, w.bias, g.mean, g.rows} {
		for _, v := range part {
			if !(math.Abs(float64(v)) <= mostWeight) {
				return fmt.Errorf("weight %v, want at most %v", v, mostWeight)
			}
		}
	}
	return nil
}

// Bounds of what is read: far beyond any that training makes.
const (
	mostHidden  = 1024
	mostDims    = 1 << 16
	mostWeight  = 1e12
	mostRecency = 2.0
)
