package latent

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A fold finds the bias and the factors of a person from their history, with what
// was learned of movies held fixed. Its slices are used again.
type fold struct {
	bias float64
	x    []float32 // [width], the implicit part included

	movies []uint32
	errors []float64 // of the average person's predictions, by rated movie

	// The conjugate gradient: the solution so far, the residual, and the direction,
	// each with its bias behind its factors.
	solution, residual, direction, image []float32
}

func newFold(width int) *fold {
	f := &fold{x: make([]float32, width)}
	for _, s := range []*[]float32{&f.solution, &f.residual, &f.direction, &f.image} {
		*s = make([]float32, width+1)
	}
	return f
}

// person finds the person whose history is seen.
func (f *fold) person(m *Model, seen []model.Seen) model.Basis {
	basis := model.Everyone
	copy(f.x, m.average)
	f.bias = m.averageBias
	if m.implicit != nil && addImplicit(f.x, m, seen) {
		basis = model.Personal
	}
	f.movies, f.errors = f.movies[:0], f.errors[:0]
	for _, s := range seen {
		r, rated := m.rated(s)
		if !rated {
			continue
		}
		f.movies = append(f.movies, s.Movie)
		f.errors = append(f.errors, r/m.unit-float64(m.base[s.Movie])-f.bias-float64(vec.Dot(f.x, m.row(s.Movie))))
	}
	if len(f.movies) == 0 {
		return basis
	}
	f.solve(m)
	vec.Axpy(1, f.solution[:m.width], f.x)
	f.bias += float64(f.solution[m.width])
	return model.Personal
}

// addImplicit adds the implicit part of a history to x, and says whether any of
// its movies is known.
func addImplicit(x []float32, m *Model, seen []model.Seen) bool {
	n := 0
	for _, s := range seen {
		if int(s.Movie) < m.Len() && m.seen[s.Movie] {
			n++
		}
	}
	share := float32(1 / math.Sqrt(float64(max(1, n))))
	for _, s := range seen {
		if int(s.Movie) < m.Len() && m.seen[s.Movie] {
			vec.Axpy(share, m.implicit[int(s.Movie)*m.width:][:m.width], x)
		}
	}
	return n > 0
}

// The conjugate gradient ends when the squared residual has shrunk to enough of
// the first one, which is where float32 ends, or after the most rounds. Some ten
// do for the penalties that are of use.
const (
	enough     = 1e-12
	mostRounds = 64
)

// solve writes to solution how the person differs from the average one: the
// least squares of errors, with the penalty foldReg plus reg for each rating on
// the factors and foldBiasReg on the bias. It is the conjugate gradient of
// Hestenes and Stiefel on the normal equations, whose matrix is never made.
//
// With reg for each rating, which is what the training has, RMSE on an inner
// split of ml-latest-small is 0.860; with the best penalty that is the same for
// all histories 0.862, with reg for each on the bias too 0.862, with the factors
// of the training 0.862.
func (f *fold) solve(m *Model) {
	clear(f.solution)
	clear(f.residual)
	for i, movie := range f.movies {
		f.spread(m, movie, f.errors[i], f.residual)
	}
	copy(f.direction, f.residual)
	size := square(f.residual)
	least := size * enough
	for round := 0; round < mostRounds && size > least; round++ {
		f.apply(m)
		step := size / dot(f.direction, f.image)
		vec.Axpy(float32(step), f.direction, f.solution)
		vec.Axpy(float32(-step), f.image, f.residual)
		before := size
		size = square(f.residual)
		multiply(f.direction, float32(size/before))
		vec.Axpy(1, f.residual, f.direction)
	}
}

// spread adds weight times what movie sees of a person, its factors and a 1 for
// the bias, to sum.
func (f *fold) spread(m *Model, movie uint32, weight float64, sum []float32) {
	vec.Axpy(float32(weight), m.row(movie), sum[:m.width])
	if m.biased {
		sum[m.width] += float32(weight)
	}
}

// apply writes to image what the matrix of the normal equations makes of
// direction.
func (f *fold) apply(m *Model) {
	factors, bias := f.direction[:m.width], f.direction[m.width]
	penalty := float32(m.foldReg + m.reg*float64(len(f.movies)))
	for i, v := range factors {
		f.image[i] = penalty * v
	}
	f.image[m.width] = float32(m.foldBiasReg) * bias
	for _, movie := range f.movies {
		f.spread(m, movie, float64(vec.Dot(factors, m.row(movie))+bias), f.image)
	}
}

func square(x []float32) float64 { return dot(x, x) }

// dot is in float64: what it adds up are products of four or more factors.
func dot(x, y []float32) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}
