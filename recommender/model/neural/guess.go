package neural

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A guess predicts the weights of a movie that nobody watched from its vector: a
// ridge regression on the movies that were watched, as for the factors of ALS.
type guess struct {
	dims int       // of vectors; 0 if movies have none
	mean []float32 // [each] of the weights of movies that were watched
	rows []float32 // [each x dims] what a vector adds to the mean
}

// each returns how many weights a movie has: its rows of in and out, and its bias.
func (g *guess) each(width int) int {
	if g.dims == 0 {
		return 0
	}
	return 2*width + 1
}

const (
	// A movie with n watchers counts n/(n+halfSure): the weights of one that few
	// watched are mostly where they began.
	halfSure = 5

	// ridge is the penalty, in movies: vectors are of unit length.
	ridge = 3
)

// learn fits a guess to the watched movies of d that have a vector. It takes
// O(movies * dims * (dims + width)).
func learn(d *model.Data, w *weights, watchers []uint32) (guess, error) {
	var rows []int
	for m, n := range watchers {
		if n > 0 && d.Dims > 0 && nonzero(d.Vector(uint32(m))) {
			rows = append(rows, m)
		}
	}
	if len(rows) == 0 {
		return guess{}, nil
	}
	g := guess{dims: d.Dims}
	each := g.each(w.width)
	g.mean = meanWeights(w, rows, each)
	// x and y are turned, a movie a column, for the products to sum over movies.
	x, y := make([]float32, d.Dims*len(rows)), make([]float32, each*len(rows))
	all := make([]float32, each)
	for i, m := range rows {
		n := float64(watchers[m])
		sure := float32(math.Sqrt(n / (n + halfSure)))
		for j, v := range d.Vector(uint32(m)) {
			x[j*len(rows)+i] = sure * v
		}
		w.copyRow(m, all)
		for j, v := range all {
			y[j*len(rows)+i] = sure * (v - g.mean[j])
		}
	}
	gram, right := make([]float32, d.Dims*d.Dims), make([]float32, d.Dims*each)
	product(gram, x, x, d.Dims, len(rows), d.Dims)
	product(right, x, y, d.Dims, len(rows), each)
	var err error
	g.rows, err = solve(gram, right, d.Dims, each)
	return g, err
}

func nonzero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return true
		}
	}
	return false
}

func meanWeights(w *weights, rows []int, each int) []float32 {
	sum, all := make([]float64, each), make([]float32, each)
	for _, m := range rows {
		w.copyRow(m, all)
		for j, v := range all {
			sum[j] += float64(v)
		}
	}
	for j := range all {
		all[j] = float32(sum[j] / float64(len(rows)))
	}
	return all
}

// copyRow writes the weights of a movie to all, [2*width+1].
func (w *weights) copyRow(m int, all []float32) {
	copy(all, w.inRow(uint32(m)))
	copy(all[w.width:], w.outRow(uint32(m)))
	all[2*w.width] = w.bias[m]
}

// product writes a*b' to c, [m x n], of a, [m x k], and b, [n x k].
func product(c, a, b []float32, m, k, n int) {
	panels := vec.PackPanels(b, k, n)
	spread(blocks(m, personBlock), func(i int) {
		from, to := i*personBlock, min(m, (i+1)*personBlock)
		vec.MulPanels(c[from*n:to*n], n, a[from*k:to*k], k, panels, nil, to-from, k, n)
	})
}

// solve returns the [each x dims] of which (gram + ridge) times its transpose is
// right, [dims x each].
func solve(gram, right []float32, dims, each int) ([]float32, error) {
	a, b := mat.NewSymDense(dims, nil), mat.NewDense(dims, each, nil)
	for i := range dims {
		for j := i; j < dims; j++ {
			a.SetSym(i, j, float64(gram[i*dims+j]))
		}
		a.SetSym(i, i, a.At(i, i)+ridge)
		for j := range each {
			b.Set(i, j, float64(right[i*each+j]))
		}
	}
	var (
		chol mat.Cholesky
		x    mat.Dense
	)
	if !chol.Factorize(a) {
		return nil, fmt.Errorf("the vectors of movies make no positive matrix; build them anew: %w", model.ErrData)
	}
	if err := chol.SolveTo(&x, b); err != nil {
		return nil, fmt.Errorf("map of vectors to weights: %w", err)
	}
	out := make([]float32, each*dims)
	for i := range dims {
		for j := range each {
			out[j*dims+i] = float32(x.At(i, j))
		}
	}
	return out, nil
}

// fill writes guessed weights for the movies of rows, [n x dims], to w, from
// movie at on, and returns which of them have a vector.
func (g *guess) fill(w *weights, at int, rows []float32) []bool {
	if g.dims == 0 {
		return nil
	}
	known := make([]bool, len(rows)/g.dims)
	all := make([]float32, g.each(w.width))
	for i := range known {
		v := rows[i*g.dims : (i+1)*g.dims]
		if known[i] = nonzero(v); !known[i] {
			continue
		}
		vec.DotRows(all, v, g.rows)
		vec.Axpy(1, g.mean, all)
		m := uint32(at + i)
		copy(w.inRow(m), all)
		copy(w.outRow(m), all[w.width:])
		w.bias[m] = all[2*w.width]
	}
	return known
}

// Extend is [model.Extender]'s. A new movie's weights are guessed from its
// vector; without one, or if the model was trained without vectors, it gets NaN.
// The weights that were trained are shared, not copied.
func (m *Model) Extend(rows []float32, dims int) (model.Model, error) {
	if dims < 1 || len(rows)%dims != 0 || m.guess.dims > 0 && dims != m.guess.dims {
		return nil, fmt.Errorf("vectors of %d values as rows of %d, the model was trained with rows of %d: %w", len(rows), dims, m.guess.dims, catalog.ErrInvalid)
	}
	for _, v := range rows {
		if !(math.Abs(float64(v)) <= 2) {
			return nil, fmt.Errorf("vector holds %v, want unit length: %w", v, catalog.ErrInvalid)
		}
	}
	n, old, before := len(rows)/dims, 0, m.later
	if before != nil {
		old = len(before.bias)
	}
	x := *m
	x.later = newWeights(old+n, m.w.width)
	if before != nil {
		copy(x.later.in, before.in)
		copy(x.later.out, before.out)
		copy(x.later.bias, before.bias)
	}
	guessed := make([]bool, n)
	copy(guessed, m.guess.fill(x.later, old, rows))
	x.known = slices.Concat(m.known, guessed)
	x.ready()
	x.first = cmp.Or(m.first, m) // not m, which would stay in memory until x is asked
	x.tables = sync.OnceValue(func() tables { return x.first.extended(&x) })
	return &x, nil
}
