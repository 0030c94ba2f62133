package als

import (
	"context"
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A coldMap predicts a movie's factors from its vector: weights·v + bias, a ridge
// regression learned on the movies that were watched.
type coldMap struct {
	from    int       // length of a vector
	weights []float32 // [factors x from]
	bias    []float32 // [factors]
}

// predict writes the factors of v, times scale, to out.
func (m *coldMap) predict(out, v []float32, scale float32) {
	vec.DotRows(out, v, m.weights)
	for i, b := range m.bias {
		out[i] = scale * (out[i] + b)
	}
}

const (
	// coldFolds is how many parts the watched movies are dealt to; each is held out
	// once to choose the penalty.
	coldFolds = 4
	// coldLeast is how many watched movies a map is learned from at least.
	coldLeast = 20
	// coldHalf is how many watchers give a movie half the weight that it can have: the
	// factors of a movie that few watched are mostly noise and penalty.
	coldHalf = 10
	// coldStretch is how much predictions are stretched at most.
	coldStretch = 5
)

// coldPenalties are tried, each times the total weight of the movies: vectors are
// of unit length, so that their second moments add up to that.
var coldPenalties = []float64{1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 10}

// learnCold learns the map, or returns nil if too few watched movies have vectors.
func learnCold(ctx context.Context, d *model.Data, items []float32, dims int, watchers []uint32) (*coldMap, error) {
	var rows []int
	for row, n := range watchers {
		if v := d.Vector(uint32(row)); n > 0 && vec.Dot(v, v) > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) < coldLeast {
		return nil, nil
	}
	folds := make([]*moments, coldFolds)
	err := parallel(ctx, coldFolds, func() func(i int) {
		return func(i int) {
			folds[i] = newMoments(d.Dims, dims)
			for j := i; j < len(rows); j += coldFolds {
				row := rows[j]
				n := float32(watchers[row])
				folds[i].add(d.Vector(uint32(row)), items[row*dims:(row+1)*dims], n/(n+coldHalf))
			}
			folds[i].flush()
		}
	})
	if err != nil {
		return nil, err
	}
	all := newMoments(d.Dims, dims)
	for _, f := range folds {
		all.merge(f, 1)
	}
	penalty, stretch, err := choosePenalty(ctx, all, folds)
	if err != nil || stretch == 0 {
		return nil, err
	}
	m := all.solve(penalty)
	if m != nil {
		vec.Axpy(stretch-1, m.weights, m.weights)
		vec.Axpy(stretch-1, m.bias, m.bias)
	}
	return m, nil
}

// choosePenalty returns the penalty with the least squared error on the folds,
// each predicted from the others, and by how much predictions must be stretched
// to be as long as what they predict. A regression predicts the mean of all
// movies with a like vector, which is shorter than any of them: unstretched, a
// movie nobody watched would hardly ever reach a list (TestColdTable has what
// lengths do). Both are 0 if nothing can be predicted.
func choosePenalty(ctx context.Context, all *moments, folds []*moments) (penalty float64, stretch float32, err error) {
	tries := make([]struct{ fault, square float64 }, len(coldPenalties)*coldFolds)
	err = parallel(ctx, len(tries), func() func(i int) {
		return func(i int) {
			rest, held := newMoments(all.from, all.to), folds[i%coldFolds]
			rest.merge(all, 1)
			rest.merge(held, -1)
			tries[i].fault = math.Inf(1)
			if m := rest.solve(coldPenalties[i/coldFolds]); m != nil {
				tries[i].fault, tries[i].square = held.fault(m)
			}
		}
	})
	least := math.Inf(1)
	for i, p := range coldPenalties {
		fault, square := 0.0, 0.0
		for _, t := range tries[i*coldFolds : (i+1)*coldFolds] {
			fault, square = fault+t.fault, square+t.square
		}
		if fault < least && square > 0 {
			penalty, least, stretch = p, fault, float32(min(coldStretch, math.Sqrt(all.yy/square)))
		}
	}
	return penalty, stretch, err
}

// moments are the weighted sums over movies that ridge regression needs: with z
// the vector and a 1 behind it, of zz' and zy'; and of the squares of y.
type moments struct {
	from, to int
	zz       []float64 // [(from+1) x (from+1)]
	zy       []float64 // [(from+1) x to]
	yy       float64

	z, wz, y []float32 // movies that are not added yet
	pending  int
}

// batch is how many movies are added at once: their products are summed in
// float32, those of batches in float64.
const batch = 64

func newMoments(from, to int) *moments {
	return &moments{
		from: from, to: to, zz: make([]float64, (from+1)*(from+1)), zy: make([]float64, (from+1)*to),
		z: make([]float32, batch*(from+1)), wz: make([]float32, batch*(from+1)), y: make([]float32, batch*to),
	}
}

func (m *moments) add(v, y []float32, weight float32) {
	n := m.from + 1
	z, wz := m.z[m.pending*n:(m.pending+1)*n], m.wz[m.pending*n:(m.pending+1)*n]
	copy(z, v)
	z[m.from] = 1
	for i, x := range z {
		wz[i] = weight * x
	}
	copy(m.y[m.pending*m.to:], y)
	m.yy += float64(weight) * float64(vec.Dot(y, y))
	if m.pending++; m.pending == batch {
		m.flush()
	}
}

func (m *moments) flush() {
	n := m.from + 1
	zz, zy := make([]float32, n*n), make([]float32, n*m.to)
	vec.AddCross(zz, n, m.wz, n, m.z, n, n, n, m.pending)
	vec.AddCross(zy, m.to, m.wz, n, m.y, m.to, n, m.to, m.pending)
	for i, x := range zz {
		m.zz[i] += float64(x)
	}
	for i, x := range zy {
		m.zy[i] += float64(x)
	}
	m.pending = 0
}

// merge adds other, sign times.
func (m *moments) merge(other *moments, sign float64) {
	for i, x := range other.zz {
		m.zz[i] += sign * x
	}
	for i, x := range other.zy {
		m.zy[i] += sign * x
	}
	m.yy += sign * other.yy
}

// solve returns the ridge regression; the bias is not penalised. It returns nil
// when there is nothing to learn from.
func (m *moments) solve(penalty float64) *coldMap {
	n := m.from + 1
	a := append([]float64(nil), m.zz...)
	total := a[n*n-1] // the weight of all movies
	for i := range m.from {
		a[i*n+i] += penalty * total
	}
	if !cholesky(a, n) {
		return nil
	}
	out := &coldMap{from: m.from, weights: make([]float32, m.to*m.from), bias: make([]float32, m.to)}
	column := make([]float64, n)
	for j := range m.to {
		for i := range n {
			column[i] = m.zy[i*m.to+j]
		}
		backSolve(a, column, n)
		for i := range m.from {
			out.weights[j*m.from+i] = float32(column[i])
		}
		out.bias[j] = float32(column[m.from])
	}
	return out
}

// fault returns the weighted squared error of a map on the movies of m, and the
// weighted squared length of what it predicts.
func (m *moments) fault(by *coldMap) (fault, square float64) {
	n := m.from + 1
	fault = m.yy
	column := make([]float64, n)
	for j := range m.to {
		for i := range m.from {
			column[i] = float64(by.weights[j*m.from+i])
		}
		column[m.from] = float64(by.bias[j])
		for i, c := range column {
			part := c * dot64(m.zz[i*n:(i+1)*n], column)
			fault, square = fault+part-2*c*m.zy[i*m.to+j], square+part
		}
	}
	return fault, square
}
