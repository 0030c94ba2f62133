package als

import (
	"math"

	"marquee/embedder/vec"
)

// A blockSolver betters a row block by block of its coordinates, each solved
// exactly while the others stay (Rendle, Krichene, Zhang and Koren, "iALS++:
// Speeding up Matrix Factorization with Subspace Optimization", 2021). With a
// block of all coordinates the row is solved exactly.
type blockSolver struct {
	dims, block int
	floor       float32
	scores      []float32 // of the row's neighbours
	hessian     []float32 // [block x block]
	by          []float32 // the block's coordinates of some neighbours, and those times their weight
	gradient    []float64
	factor      []float64
}

// gathered is how many neighbours are copied together before they are multiplied.
const gathered = 64

func newBlockSolver(dims, block int, floor float32) *blockSolver {
	return &blockSolver{
		dims: dims, block: block, floor: floor,
		hessian: make([]float32, block*block), by: make([]float32, 2*gathered*block),
		gradient: make([]float64, block), factor: make([]float64, block*block),
	}
}

func (b *blockSolver) solve(x, gram, others []float32, cols []uint32, weights []float32, lambda float32) {
	b.scores = append(b.scores[:0], weights...)
	for i, col := range cols {
		b.scores[i] = vec.Dot(x, others[int(col)*b.dims:][:b.dims])
	}
	for low := 0; low < b.dims; low += b.block {
		b.one(x, gram, others, cols, weights, lambda, low, min(low+b.block, b.dims))
	}
}

// one solves the coordinates from low to high, by Newton's step.
func (b *blockSolver) one(x, gram, others []float32, cols []uint32, weights []float32, lambda float32, low, high int) {
	n := high - low
	h, gradient := b.hessian[:n*n], b.gradient[:n]
	for i := range n {
		row := gram[(low+i)*b.dims:][:b.dims]
		copy(h[i*n:(i+1)*n], row[low:high])
		h[i*n+i] += lambda
		gradient[i] = float64(vec.Dot(row, x)) + float64(lambda)*float64(x[low+i])
	}
	for from := 0; from < len(cols); from += gathered {
		to := min(from+gathered, len(cols))
		b.add(h, gradient, others, cols[from:to], weights[from:to], b.scores[from:to], low, high)
	}
	step := b.factor[:n*n]
	for i, v := range h {
		step[i] = float64(v)
	}
	if !cholesky(step, n) {
		return // not positive to float32's precision: this block is as good as it gets
	}
	backSolve(step, gradient, n)
	for i, v := range gradient {
		x[low+i] -= float32(v)
	}
	if high-low == b.dims {
		return
	}
	move := b.by[:n]
	for i, v := range gradient {
		move[i] = float32(-v)
	}
	for i, col := range cols {
		b.scores[i] += vec.Dot(move, others[int(col)*b.dims+low:int(col)*b.dims+high])
	}
}

// add adds some neighbours to the block's Hessian and gradient.
func (b *blockSolver) add(h []float32, gradient []float64, others []float32, cols []uint32, weights, scores []float32, low, high int) {
	n := high - low
	plain, weighted := b.by[:gathered*n], b.by[gathered*n:2*gathered*n]
	for i, col := range cols {
		y := others[int(col)*b.dims+low : int(col)*b.dims+high]
		copy(plain[i*n:], y)
		a := weights[i] - b.floor
		for j, v := range y {
			weighted[i*n+j] = a * v
		}
		by := float64(a*scores[i] - weights[i])
		for j, v := range y {
			gradient[j] += by * float64(v)
		}
	}
	vec.AddCross(h, n, plain, n, weighted, n, n, n, len(cols))
}

// cholesky replaces the lower triangle of a, [n x n], symmetric and positive, by
// its Cholesky factor, and reports whether it is positive.
func cholesky(a []float64, n int) bool {
	for j := range n {
		rowJ := a[j*n : j*n+j]
		d := a[j*n+j]
		for _, v := range rowJ {
			d -= v * v
		}
		if !(d > 0) || math.IsInf(d, 0) {
			return false
		}
		d = math.Sqrt(d)
		a[j*n+j] = d
		for i := j + 1; i < n; i++ {
			a[i*n+j] = (a[i*n+j] - dot64(a[i*n:i*n+j], rowJ)) / d
		}
	}
	return true
}

// backSolve replaces b by the solution of LL'x = b.
func backSolve(l, b []float64, n int) {
	for i := range n {
		b[i] = (b[i] - dot64(l[i*n:i*n+i], b[:i])) / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		for j := range i {
			b[j] -= l[i*n+j] * b[i]
		}
	}
}

func dot64(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
