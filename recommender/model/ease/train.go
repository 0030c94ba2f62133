package ease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// Tolerance is the furthest that a weight may be from the closed form.
const Tolerance = 1e-4

// Train returns the model of d, which [model.Data.Check] accepts. For n movies it
// takes n^3 floating-point operations and a product for each pair of movies that
// one person watched. Memory peaks at 4*n^2 bytes, 6*n*Keep unless all weights are
// kept, some 3*n KiB to invert in, and 6 for each watched movie (10 with
// Preference), twice that while they are gathered. BenchmarkTrain has the time.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	w := newWatches(d, c)
	n := len(w.rows)
	g, err := w.gram(ctx, func(done, total int) { progress("count pairs", done, total) })
	if err != nil {
		return nil, err
	}
	ridge := w.ridge(c)
	for i, r := range ridge {
		g[i*n+i] += float32(r)
	}
	p := g // from here on it is the inverse
	err = vec.InvertSPD(ctx, p, n, runtime.GOMAXPROCS(0), func(done, total int) { progress("invert", done, total) })
	if errors.Is(err, vec.ErrNotPositive) {
		return nil, fmt.Errorf("lambda %v is too small for these %d people and %d movies, raise it: %w: %w", c.Lambda, len(d.Users), n, err, catalog.ErrInvalid)
	}
	if err != nil {
		return nil, err
	}
	if off := w.check(p, ridge); !(off <= Tolerance/2) { // the worst column was up to twice as far off
		return nil, fmt.Errorf("weights are off by some %.2g, want at most %v: lambda %v is too small for these %d people and %d movies, raise it: %w",
			off, Tolerance/2, c.Lambda, len(d.Users), n, catalog.ErrInvalid)
	}
	m := &Model{scale: d.Scale, preference: c.Preference, rows: w.rows, index: indexOf(w.rows, len(d.Movies))}
	boost := w.boost(c)
	if c.Keep == 0 || c.Keep >= n*weightBytes/keptBytes { // all take no more memory
		m.weights = allWeights(p, boost)
		return m.ready(), nil
	}
	t := thinner{p: p, boost: boost, count: w.count, keep: c.Keep}
	err = m.thin(ctx, t, func(done, total int) { progress("keep the largest", done, total) })
	return m.ready(), err
}

// ridge returns the penalty of each movie.
func (w *watches) ridge(c Config) []float64 {
	mean := 0.0
	for _, n := range w.count {
		mean += n / float64(len(w.count))
	}
	out := make([]float64, len(w.count))
	for i, n := range w.count {
		out[i] = c.Lambda * math.Pow(n/mean, c.LambdaPower)
	}
	return out
}

// boost returns what each movie's score is multiplied by.
func (w *watches) boost(c Config) []float32 {
	out := make([]float32, len(w.count))
	for i, n := range w.count {
		out[i] = float32(math.Pow(n, -c.Debias))
	}
	return out
}

// checked is the number of columns that check looks at, of either sort.
const checked = 6

// check returns how far weights are from the closed form, in the columns that lose
// the most digits, those with the least diagonal values, by which weights are
// divided, and in others from end to end. For a column p of the inverse, G*p in
// float64 tells what is missing from the unit vector; the inverse times that is
// what p is off by, but for terms of second order.
func (w *watches) check(p []float32, ridge []float64) float64 {
	n, worst := len(w.rows), 0.0
	columns := make([]int, n)
	for i := range columns {
		columns[i] = i
	}
	slices.SortStableFunc(columns, func(a, b int) int { return cmp.Compare(p[a*n+a], p[b*n+b]) })
	columns = columns[:min(n, checked)]
	for k := range min(n, checked) {
		columns = append(columns, k*n/min(n, checked))
	}
	x, residual, miss := make([]float64, n), make([]float64, n), make([]float32, n)
	for _, j := range columns {
		column := p[j*n : (j+1)*n]
		for i, v := range column {
			x[i] = float64(v)
		}
		w.mulGram(residual, x)
		for i := range residual {
			residual[i] += ridge[i] * x[i]
			miss[i] = float32(-residual[i])
		}
		miss[j] = float32(1 - residual[j])
		own := vec.Dot(p[j*n:(j+1)*n], miss)
		for i := range n {
			off := float64(vec.Dot(p[i*n:(i+1)*n], miss))
			off = math.Abs(off-x[i]/x[j]*float64(own)) / x[j]
			if !(off <= worst) {
				worst = off
			}
		}
	}
	return worst
}
