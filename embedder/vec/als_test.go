package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/embedder/vec"
)

// alsDims are numbers of factors: the usual ones, and all that end within a vector.
func alsDims() []int {
	var ns []int
	for n := range 40 {
		ns = append(ns, n+1)
	}
	return append(ns, 48, 63, 64, 65, 100, 127, 128, 129, 192, 200, 256)
}

func randomGather(r *rand.Rand, dims, n, more int) *vec.Gather {
	g := &vec.Gather{Rows: between(random(r, 50*dims)), Dims: dims, Weights: between(random(r, n)), Base: 0.25}
	for range n + more {
		g.Cols = append(g.Cols, uint32(r.IntN(50)))
	}
	return g
}

// wantGather holds got to the sums in float64, each value with the size of its terms.
func wantGather(t *testing.T, g *vec.Gather, before, p, got []float32, residual bool) {
	t.Helper()
	want, size := make([]float64, g.Dims), make([]float64, g.Dims)
	for j, v := range before {
		want[j], size[j] = float64(v), math.Abs(float64(v))
	}
	for i, w := range g.Weights {
		y := g.Rows[int(g.Cols[i])*g.Dims:][:g.Dims]
		var dot, terms float64
		for j, v := range y {
			dot += float64(v) * float64(p[j])
			terms += math.Abs(float64(v) * float64(p[j]))
		}
		a := float64(w) - float64(g.Base)
		by, most := a*dot, math.Abs(a)*terms
		if residual {
			by, most = float64(w)-by, math.Abs(float64(w))+most
		}
		for j, v := range y {
			want[j] += by * float64(v)
			size[j] += most * math.Abs(float64(v))
		}
	}
	for j, v := range got {
		if d := math.Abs(float64(v) - want[j]); !(d <= 2e-6*size[j]) {
			t.Fatalf("%d values, %d rows, residual %v: out[%d] is %v, want %v", g.Dims, len(g.Weights), residual, j, v, want[j])
		}
	}
}

// The values around the operands are NaN, and those around out are guards.
func TestGatherEverySize(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, dims := range alsDims() {
			for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 19, 20, 21, 50} {
				for _, residual := range []bool{false, true} {
					g, p, before := randomGather(r, dims, n, n%3*15), between(random(r, dims)), random(r, dims)
					all := slices.Repeat([]float32{guard}, dims+2)
					out := all[1 : dims+1]
					copy(out, before)
					if residual {
						g.Residual(out, p)
					} else {
						g.Step(out, p)
					}
					wantGather(t, g, before, p, out, residual)
					if all[0] != guard || all[dims+1] != guard {
						t.Fatalf("%d values, %d rows: a value beside out was overwritten", dims, n)
					}
				}
			}
		}
	})
}

// An index that is no row panics wherever it stands, as does one behind no rows at
// all; those past the weights are not added, and may be any.
func TestGatherChecksIndices(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, dims := range []int{5, 32, 64, 128} {
			for bad := range 7 {
				g := randomGather(rand.New(rand.NewPCG(1, 2)), dims, 7, 30)
				x, y := make([]float32, dims), make([]float32, dims)
				g.Cols[bad] = 50
				if !panics(func() { g.Step(x, y) }) || !panics(func() { g.Residual(x, y) }) {
					t.Errorf("%d values: no panic at index 50 of 50 in place %d", dims, bad)
				}
				g.Cols[bad] = 49
				for i := 7; i < len(g.Cols); i++ {
					g.Cols[i] = math.MaxUint32
				}
				g.Step(x, y)
				g.Rows = nil
				if !panics(func() { g.Step(x, y) }) {
					t.Errorf("%d values: no panic without rows", dims)
				}
			}
		}
	})
}

func TestMulSym(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, dims := range alsDims() {
			g, p := random(r, dims*dims), between(random(r, dims))
			for i := range dims {
				for j := range i {
					g[i*dims+j] = g[j*dims+i]
				}
			}
			out := slices.Repeat([]float32{guard}, dims+2)
			vec.MulSym(out[1:dims+1], between(g), p)
			for i := range dims {
				wantDot(t, g[i*dims:(i+1)*dims], p, out[1+i])
			}
			if out[0] != guard || out[dims+1] != guard {
				t.Errorf("%d values: a value beside out was overwritten", dims)
			}
		}
	})
}

func TestAddCross(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, s := range [][3]int{{1, 1, 1}, {3, 5, 2}, {4, 8, 7}, {8, 32, 128}, {9, 33, 129}, {32, 64, 300}, {70, 17, 5}} {
			m, n, k := s[0], s[1], s[2]
			lda, ldb, ldc := m+2, n+1, n+3
			a, b := between(random(r, (k-1)*lda+m)), between(random(r, (k-1)*ldb+n))
			all := slices.Repeat([]float32{guard}, m*ldc+2)
			vec.AddCross(all[1:], ldc, a, lda, b, ldb, m, n, k)
			for i := range m {
				for j := range ldc {
					got := all[1+i*ldc+j]
					if j >= n {
						if got != guard {
							t.Fatalf("%v: value %d, %d beside c was overwritten", s, i, j)
						}
						continue
					}
					x, y := make([]float32, k+1), make([]float32, k+1)
					x[k], y[k] = 1, guard
					for q := range k {
						x[q], y[q] = a[q*lda+i], b[q*ldb+j]
					}
					wantDot(t, x, y, got)
				}
			}
			if all[0] != guard || all[len(all)-1] != guard {
				t.Errorf("%v: a value beside c was overwritten", s)
			}
		}
	})
}

// The Gram matrix is symmetric to the bit and what AddCross gives above its
// diagonal, and adds to what was there.
func TestAddGram(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, dims := range alsDims() {
			rows := between(random(r, 150*dims))
			got, want := make([]float32, dims*dims), make([]float32, dims*dims)
			for range 2 {
				vec.AddGram(got, rows, dims)
				vec.AddCross(want, dims, rows, dims, rows, dims, dims, dims, 150)
			}
			for i := range dims {
				for j := range dims {
					if g := got[i*dims+j]; g != want[min(i, j)*dims+max(i, j)] {
						t.Fatalf("%d values: %d, %d is %v, want %v", dims, i, j, g, want[min(i, j)*dims+max(i, j)])
					}
				}
			}
		}
	})
}

func TestALSLengthsPanic(t *testing.T) {
	x, y := make([]float32, 4), make([]float32, 5)
	g := vec.Gather{Rows: x, Dims: 4, Cols: []uint32{0}, Weights: x[:2]}
	for name, f := range map[string]func(){
		"fewer indices": func() { g.Step(x, x) },
		"out":           func() { (&vec.Gather{Rows: x, Dims: 4}).Step(y, x) },
		"p":             func() { (&vec.Gather{Rows: x, Dims: 4}).Residual(x, y) },
		"rows":          func() { (&vec.Gather{Rows: y, Dims: 4}).Step(x, x) },
		"no dims":       func() { (&vec.Gather{}).Step(nil, nil) },
		"MulSym":        func() { vec.MulSym(x, x, x) },
		"AddGram":       func() { vec.AddGram(x, x, 4) },
		"AddCross":      func() { vec.AddCross(x, 2, x, 2, x, 2, 2, 2, 3) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// BenchmarkGather: 50 rows of 1,000, which stay in the second level cache.
func BenchmarkGather(b *testing.B) {
	for _, dims := range []int{32, 64, 100, 128} {
		r := rand.New(rand.NewPCG(1, 1))
		g := &vec.Gather{Rows: random(r, 1000*dims), Dims: dims, Weights: random(r, 50)}
		for range 50 {
			g.Cols = append(g.Cols, uint32(r.IntN(1000)))
		}
		p, out := random(r, dims), make([]float32, dims)
		for kind, f := range map[string]func(out, p []float32){"step": g.Step, "residual": g.Residual} {
			benchPaths(b, fmt.Sprintf("%s/dims=%d", kind, dims), func(b *testing.B) {
				for b.Loop() {
					f(out, p)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50, "ns/row")
			})
		}
	}
}

func BenchmarkMulSym(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	g, p, out := random(r, 64*64), random(r, 64), make([]float32, 64)
	benchPaths(b, "dims=64", func(b *testing.B) {
		for b.Loop() {
			vec.MulSym(out, g, p)
		}
	})
}

func BenchmarkAddGram(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, dims := range []int{64, 100} {
		rows, g := random(r, 4096*dims), make([]float32, dims*dims)
		benchPaths(b, fmt.Sprintf("dims=%d", dims), func(b *testing.B) {
			for b.Loop() {
				clear(g)
				vec.AddGram(g, rows, dims)
			}
			b.ReportMetric(float64(4096*dims*dims)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
