package vec

import "fmt"

// alsAhead is how many rows ahead the assembly asks memory for, as in gen/als.go.
const alsAhead = 16

// A Gather is what [Gather.Step] and [Gather.Residual] add up: rows, each found
// by its index, with a weight. It is the inner loop of implicit alternating least
// squares by conjugate gradients (Takács, Pilászy and Tikk, "Applications of the
// Conjugate Gradient Method for Implicit Feedback Collaborative Filtering", 2011).
type Gather struct {
	Rows    []float32 // [n x Dims]
	Dims    int       // 1 or more
	Cols    []uint32  // which rows, one for each weight, below n; those behind are fetched ahead and not added
	Weights []float32
	Base    float32 // the weight that every row has anyway, in what the sums are added to
}

// Step adds to out, [Dims], the sum of (w-Base)*(y·p)*y over the rows y: what the
// weights add to the product of the normal equations' matrix and p. A row of 64
// values takes some 4 ns from the first level cache, with AVX-512 (BenchmarkGather).
func (g *Gather) Step(out, p []float32) { g.add(out, p, false) }

// Residual adds to out the sum of (w-(w-Base)*(y·p))*y over the rows y: with the
// product of the Gram matrix and p taken off, that is the residual of the normal
// equations at p when every row has target 1.
func (g *Gather) Residual(out, p []float32) { g.add(out, p, true) }

func (g *Gather) add(out, p []float32, residual bool) {
	if g.Dims < 1 || len(out) != g.Dims || len(p) != g.Dims || len(g.Rows)%g.Dims != 0 || len(g.Cols) < len(g.Weights) {
		panic(fmt.Sprintf("vec: Gather of %d indices, %d weights, %d values in rows of %d, with vectors of %d and %d", len(g.Cols), len(g.Weights), len(g.Rows), g.Dims, len(p), len(out)))
	}
	if len(g.Weights) == 0 {
		return
	}
	if left := gather(g, out, p, residual); left > 0 {
		panic(fmt.Sprintf("vec: Gather of a row past the end of %d, among the last %d indices", len(g.Rows)/g.Dims, left))
	}
}

// MulSym writes to out the product of g, [len(p) x len(p)] and symmetric, and p. A
// matrix that is not symmetric is multiplied as its transpose. out overlaps
// neither.
func MulSym(out, g, p []float32) {
	if len(out) != len(p) || len(g) != len(p)*len(p) {
		panic(fmt.Sprintf("vec: MulSym of %d values and a vector of %d to %d", len(g), len(p), len(out)))
	}
	if len(p) > 0 {
		mulSym(out, g, p)
	}
}

// crossDepth is how many rows a tile of [AddCross] adds up in registers: rows of
// 64 values then stay in the first level cache while all tiles pass.
const crossDepth = 128

// AddCross adds the product of a transposed and b to c, [m x n]:
//
//	c[i*ldc+j] += sum over q of a[q*lda+i] * b[q*ldb+j],  q < k
//
// a is [k x m] with rows lda values apart, b is [k x n] with rows ldb apart, and c
// overlaps neither. The sum runs in blocks of 128 of q, and depends on nothing
// but its column of a and its column of b. It runs in the calling goroutine.
func AddCross(c []float32, ldc int, a []float32, lda int, b []float32, ldb, m, n, k int) {
	if m <= 0 || n <= 0 || k <= 0 {
		return
	}
	if lda < m || ldb < n || ldc < n || len(a) < (k-1)*lda+m || len(b) < (k-1)*ldb+n || len(c) < (m-1)*ldc+n {
		panic(fmt.Sprintf("vec: AddCross of %d x %d x %d: %d values %d apart, %d values %d apart, to %d values %d apart", m, n, k, len(a), lda, len(b), ldb, len(c), ldc))
	}
	addCross(c, ldc, a, lda, b, ldb, m, n, k, false)
}

// AddGram adds the products of columns of rows, [n x dims], to g, [dims x dims] and
// symmetric: g[i*dims+j] += sum over rows of row[i]*row[j]. Half of them are
// computed and mirrored. The order of sums is that of [AddCross].
func AddGram(g, rows []float32, dims int) {
	if dims < 1 || len(g) != dims*dims || len(rows)%dims != 0 {
		panic(fmt.Sprintf("vec: AddGram of %d values in rows of %d to %d", len(rows), dims, len(g)))
	}
	if len(rows) == 0 {
		return
	}
	addCross(g, dims, rows, dims, rows, dims, dims, dims, len(rows)/dims, true)
	for i := range dims {
		for j := range i {
			g[i*dims+j] = g[j*dims+i]
		}
	}
}

// addCross leaves out what lies below the diagonal if upper.
func addCross(c []float32, ldc int, a []float32, lda int, b []float32, ldb, m, n, k int, upper bool) {
	p := current()
	height, width := crossTile(p)
	for q := 0; q < k; q += crossDepth {
		depth := min(crossDepth, k-q)
		at, bt := a[q*lda:], b[q*ldb:]
		for i := 0; i < m; i += height {
			for j := 0; j < n; j += width {
				if upper && j+width <= i {
					continue
				}
				if i+height <= m && j+width <= n {
					crossWhole(p, c[i*ldc+j:], ldc, at[i:], lda, bt[j:], ldb, depth)
					continue
				}
				crossEdge(p, c[i*ldc+j:], ldc, at[i:], lda, bt[j:], ldb, min(height, m-i), min(width, n-j), depth)
			}
		}
	}
}

// crossEdge makes a tile that is narrower or lower than a whole one: from copies
// with zeros around, so that a sum has the bits that it has in a whole tile.
func crossEdge(p path, c []float32, ldc int, a []float32, lda int, b []float32, ldb, rows, columns, k int) {
	var ca [crossDepth * crossRows]float32
	var cb [crossDepth * crossColumns]float32
	var cc [crossRows * crossColumns]float32
	for q := range k {
		copy(ca[q*crossRows:], a[q*lda:q*lda+rows])
		copy(cb[q*crossColumns:], b[q*ldb:q*ldb+columns])
	}
	for i := range rows {
		copy(cc[i*crossColumns:], c[i*ldc:i*ldc+columns])
	}
	crossWhole(p, cc[:], crossColumns, ca[:], crossRows, cb[:], crossColumns, k)
	for i := range rows {
		copy(c[i*ldc:i*ldc+columns], cc[i*crossColumns:])
	}
}

// The largest tile of any path.
const crossRows, crossColumns = 8, 32

func gatherGo(g *Gather, out, p []float32, residual bool) (left int) {
	n := uint32(len(g.Rows) / g.Dims)
	for i, w := range g.Weights {
		if g.Cols[i] >= n {
			return len(g.Weights) - i
		}
		y := g.Rows[int(g.Cols[i])*g.Dims:][:g.Dims]
		by := (w - g.Base) * dotGo(y, p)
		if residual {
			by = w - by
		}
		axpyGo(by, y, out)
	}
	return 0
}

func mulSymGo(out, g, p []float32) {
	clear(out)
	for i, v := range p {
		axpyGo(v, g[i*len(p):(i+1)*len(p)], out)
	}
}

func crossGo(c []float32, ldc int, a []float32, lda int, b []float32, ldb, k int) {
	var sums [4][8]float32
	for q := range k {
		x, y := (*[4]float32)(a[q*lda:]), (*[8]float32)(b[q*ldb:])
		for i, u := range x {
			s := &sums[i]
			for j, v := range y {
				s[j] += u * v
			}
		}
	}
	for i := range sums {
		for j, v := range sums[i] {
			c[i*ldc+j] += v
		}
	}
}
