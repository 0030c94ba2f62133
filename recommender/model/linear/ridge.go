package linear

import (
	"math"

	"marquee/embedder/vec"
)

// A Ridge finds a person's numbers, x, and intercept, b, with the least
//
//	penalty*x·x + intercept*b² + sum over i of weight[i]*(row[i]·x+b)² - 2*target[i]*(row[i]·x+b)
//
// over the rows of a history: a ridge regression. It is scratch for one goroutine.
//
// The method is conjugate gradients on the normal equations, whose matrix is never
// made. The matrix is the identity, times the penalty, and one rank a row, so that it ends
// after as many rounds as there are rows at the latest, but for rounding, and mostly after
// eight. The intercept is eliminated beforehand.
//
// A penalty that is another for each of x is made one by scaling columns: see [Even]. To
// solve for as many unknowns as there are rows instead takes longer for 20 rows of 100
// values: their products alone take what half of the rounds do here.
type Ridge struct {
	X         []float32 // [dims], what was found last
	Intercept float32   // likewise

	gather    vec.Gather
	order     []uint32  // 0, 1, 2 and so on
	weights   []float32 // by the penalty
	targets   []float32 // likewise
	r         []float32 // the residual
	p, ap     []float32 // the direction, but for a factor, and its product with the matrix
	mean      []float32 // sum of weighted rows
	total     float32   // sum of weights and the intercept's penalty
	intercept bool
}

// NewRidge returns scratch for rows of dims values.
func NewRidge(dims int) *Ridge {
	all := make([]float32, 5*dims)
	next := func() []float32 { v := all[:dims:dims]; all = all[dims:]; return v }
	return &Ridge{X: next(), r: next(), p: next(), ap: next(), mean: next()}
}

// A History is what a Ridge explains.
type History struct {
	Rows    []float32 // [len(Weights) x dims], of the movies of the history
	Weights []float32
	Targets []float32 // [len(Weights)]

	Penalty   float32 // above 0
	Intercept float32 // the penalty of the intercept, above 0; 0 for none at all
}

const (
	// enough is what the squared residual must shrink to of the first: scores are then
	// right to some four digits, and those of bytes to three.
	enough = 1e-9
	// mostRounds bounds the rounds, for long histories with penalties of no use.
	mostRounds = 96
)

// Solve leaves the solution in X and Intercept. It takes O(rounds*len(h.Weights)*dims).
func (s *Ridge) Solve(h History) {
	s.start(h)
	size, factor := vec.Dot(s.r, s.r), float32(1)
	copy(s.p, s.r)
	least := size * enough
	for round := 0; round < mostRounds && size > least; round++ {
		s.apply()
		bend := factor * vec.Dot(s.p, s.ap)
		if !(bend > 0) {
			break // rounding: there is nothing left to gain
		}
		step := size / bend
		vec.Axpy(step, s.p, s.X)
		vec.Axpy(-step, s.ap, s.r)
		before := size
		size = vec.Dot(s.r, s.r)
		// The next direction is the residual and size/before of this one, here by that
		// factor less, so that one addition makes it: the factor is what size is of the first.
		if factor *= size / before; factor == 0 {
			break
		}
		vec.Axpy(1/factor, s.r, s.p)
	}
	s.Intercept = 0
	if s.intercept {
		sum := float32(0)
		for _, t := range s.targets {
			sum += t
		}
		s.Intercept = (sum - vec.Dot(s.mean, s.X)) / s.total
	}
}

// start begins at zeros: the residual is the right side. All is divided by the penalty.
func (s *Ridge) start(h History) {
	inverse := 1 / h.Penalty
	s.weights, s.targets = s.weights[:0], s.targets[:0]
	for i, w := range h.Weights {
		s.weights, s.targets = append(s.weights, inverse*w), append(s.targets, inverse*h.Targets[i])
	}
	for len(s.order) < len(h.Weights) {
		s.order = append(s.order, uint32(len(s.order)))
	}
	clear(s.X)
	clear(s.r)
	s.gather = vec.Gather{Rows: h.Rows, Dims: len(s.X), Cols: s.order[:len(h.Weights)], Weights: s.targets}
	s.gather.Residual(s.r, s.X)
	s.gather.Weights = s.weights
	if s.intercept = h.Intercept > 0; s.intercept {
		clear(s.mean)
		s.gather.Residual(s.mean, s.X)
		s.total = inverse * h.Intercept
		sum := float32(0)
		for i, w := range s.weights {
			s.total += w
			sum += s.targets[i]
		}
		vec.Axpy(-sum/s.total, s.mean, s.r)
	}
}

// apply leaves the product of the matrix and the direction in ap.
func (s *Ridge) apply() {
	copy(s.ap, s.p)
	s.gather.Step(s.ap, s.p)
	if s.intercept {
		vec.Axpy(-vec.Dot(s.mean, s.p)/s.total, s.mean, s.ap)
	}
}

// leastPenalty is the least that columns are scaled by, beside the largest penalty.
const leastPenalty = 1e-7

// Even writes to scale, [dims], what columns are to be multiplied by, so that penalties,
// another for each, become 1: x is then to be multiplied by it as well.
func Even(scale, penalties []float32) {
	most := float32(0)
	for _, v := range penalties {
		most = max(most, v)
	}
	if most == 0 {
		most = 1
	}
	for j, v := range penalties {
		scale[j] = float32(1 / math.Sqrt(float64(max(v, most*leastPenalty))))
	}
}
