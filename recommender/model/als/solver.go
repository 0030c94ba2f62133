package als

import (
	"marquee/embedder/vec"
)

// enough is the squared length of a residual that is taken for none, as in the
// package implicit.
const enough = 1e-20

// A solver solves rows one after the other; each goroutine has its own. For one
// row with factors x, confidences c of the rows y of others, lambda l, the Gram
// matrix G of all others times Unobserved, and f the floor of c, it lessens
//
//	x'Gx + l*x'x + sum of (c-f)*(x'y)² - 2*c*x'y
//
// which is least where (G + l + sum of (c-f)yy') x = sum of c*y.
type solver struct {
	dims  int
	gram  []float32
	steps int // of CG; 0 for blocks
	near  int // rows of this many values stay in the first level cache

	gather   vec.Gather
	r, p, ap []float32
	blocks   *blockSolver
}

// firstLevel is how many values of a row's neighbours are taken to stay in the
// first level cache between two passes: 32 kB.
const firstLevel = 8192

func newSolver(c Config, gram, others []float32) *solver {
	v := &solver{dims: c.Dims, gram: gram, steps: c.Steps, near: firstLevel / c.Dims}
	v.gather = vec.Gather{Rows: others, Dims: c.Dims, Base: c.floor()}
	if c.Solver == Block {
		v.steps, v.blocks = 0, newBlockSolver(c.Dims, min(c.Block, c.Dims), c.floor())
		return v
	}
	scratch := make([]float32, 3*c.Dims)
	v.r, v.p, v.ap = scratch[:c.Dims], scratch[c.Dims:2*c.Dims], scratch[2*c.Dims:]
	return v
}

// solve betters x. cols holds one entry for each weight, and may hold those of
// the next rows behind them.
func (v *solver) solve(x []float32, cols []uint32, weights []float32, lambda float32) {
	if v.steps == 0 {
		v.blocks.solve(x, v.gram, v.gather.Rows, cols[:len(weights)], weights, lambda)
		return
	}
	v.conjugate(x, cols, weights, lambda)
}

// conjugate takes steps of conjugate gradients from x on (Takács, Pilászy and
// Tikk 2011): the matrix is never made, only its products.
func (v *solver) conjugate(x []float32, cols []uint32, weights []float32, lambda float32) {
	g := &v.gather
	g.Cols, g.Weights = cols[:min(len(cols), len(weights)+32)], weights // fetch the next row's first ones as well
	r, p, ap := v.r, v.p, v.ap
	vec.MulSym(r, v.gram, x)
	for i := range r {
		r[i] = -r[i] - lambda*x[i]
	}
	g.Residual(r, x)
	if len(weights) <= v.near {
		g.Cols = cols[:len(weights)]
	}
	copy(p, r)
	rs := vec.Dot(r, r)
	for range v.steps {
		if rs < enough {
			return
		}
		vec.MulSym(ap, v.gram, p)
		vec.Axpy(lambda, p, ap)
		g.Step(ap, p)
		alpha := rs / vec.Dot(p, ap)
		vec.Axpy(alpha, p, x)
		vec.Axpy(-alpha, ap, r)
		next := vec.Dot(r, r)
		beta := next / rs
		for i := range p {
			p[i] = r[i] + beta*p[i]
		}
		rs = next
	}
}
