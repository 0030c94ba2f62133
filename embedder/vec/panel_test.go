package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/embedder/vec"
)

// eachPath runs f under every path of this machine and leaves the best in use.
func eachPath(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	paths := vec.Paths()
	defer use(t, paths[len(paths)-1])
	for _, p := range paths {
		t.Run(p, func(t *testing.T) {
			use(t, p)
			f(t)
		})
	}
}

func use(t testing.TB, path string) {
	t.Helper()
	if err := vec.Use(path); err != nil {
		t.Fatal(err)
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// A product is the operands of one MulPanels; rows are further apart than long.
type product struct {
	m, k, n, lda, ldc int
	a, w, bias        []float32
}

func randomProduct(r *rand.Rand, m, k, n int, bias bool) product {
	p := product{m: m, k: k, n: n, lda: k + r.IntN(3), ldc: n + r.IntN(5)}
	p.a, p.w = random(r, (m-1)*p.lda+k), random(r, n*k)
	if bias {
		p.bias = random(r, n)
	}
	return p
}

// guard is what no kernel may overwrite.
const guard = float32(-12345)

// mul returns the product in a c that is full of guards.
func (p product) mul() []float32 {
	c := slices.Repeat([]float32{guard}, (p.m-1)*p.ldc+p.n+40)
	vec.MulPanels(c[20:len(c)-20:len(c)-20], p.ldc, p.a, p.lda, vec.PackPanels(p.w, p.k, p.n), p.bias, p.m, p.k, p.n)
	return c
}

// check compares with sums in float64, and every value between and around the
// rows with the guard.
func (p product) check(t *testing.T, c []float32) {
	t.Helper()
	inside := make([]bool, len(c))
	for i := range p.m {
		for j := range p.n {
			var want, size float64
			if p.bias != nil {
				want = float64(p.bias[j])
			}
			for q := range p.k {
				x := float64(p.a[i*p.lda+q]) * float64(p.w[j*p.k+q])
				want += x
				size += math.Abs(x)
			}
			at := 20 + i*p.ldc + j
			inside[at] = true
			if d := math.Abs(float64(c[at]) - want); !(d <= 1e-6*(1+size)) {
				t.Fatalf("%dx%dx%d: c[%d,%d] is %v, want %v", p.m, p.k, p.n, i, j, c[at], want)
			}
		}
	}
	for at, in := range inside {
		if !in && c[at] != guard {
			t.Fatalf("%dx%dx%d, %d apart: value %d, outside c, was overwritten", p.m, p.k, p.n, p.ldc, at-20)
		}
	}
}

func TestMulPanelsEveryShape(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for m := 1; m <= 25; m++ {
			for n := 1; n <= 70; n++ {
				p := randomProduct(r, m, 1+r.IntN(19), n, n%2 == 0)
				p.check(t, p.mul())
			}
		}
	})
}

// Beyond one block of rows, of k, and of both.
func TestMulPanelsBlocks(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, s := range [][3]int{{7, 383, 33}, {13, 384, 64}, {5, 385, 31}, {3, 1536, 40}, {241, 70, 33}, {485, 390, 2}} {
			t.Run(fmt.Sprint(s), func(t *testing.T) {
				p := randomProduct(r, s[0], s[1], s[2], true)
				p.check(t, p.mul())
			})
		}
	})
}

// A row's result is the same to the bit alone, among others, and at any place.
func TestMulPanelsRowAlone(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, s := range [][3]int{{25, 383, 45}, {40, 500, 70}, {250, 16, 5}} {
			p := randomProduct(r, s[0], s[1], s[2], true)
			all := p.mul()
			for i := range p.m {
				one := p
				one.m, one.a = 1, p.a[i*p.lda:i*p.lda+p.k]
				got, want := one.mul()[20:20+p.n], all[20+i*p.ldc:20+i*p.ldc+p.n]
				if !slices.Equal(got, want) {
					t.Fatalf("%v: row %d alone is %v, among all %v", s, i, got, want)
				}
			}
		}
	})
}

// a*b' and b*a' are each other's transpose to the bit; an all-pairs table may
// compute half.
func TestMulPanelsSymmetric(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		const m, k, n = 29, 400, 50
		a, b := random(r, m*k), random(r, n*k)
		ab, ba := make([]float32, m*n), make([]float32, m*n)
		vec.MulPanels(ab, n, a, k, vec.PackPanels(b, k, n), nil, m, k, n)
		vec.MulPanels(ba, m, b, k, vec.PackPanels(a, k, m), nil, n, k, m)
		for i := range m {
			for j := range n {
				if ab[i*n+j] != ba[j*m+i] {
					t.Fatalf("%d,%d: %v one way, %v the other", i, j, ab[i*n+j], ba[j*m+i])
				}
			}
		}
	})
}

// Nothing escapes: neither a block nor what a caller keeps on its stack.
func TestKernelsAllocateNothing(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		panels := vec.PackPanels(make([]float32, 40*16), 16, 40)
		if n := testing.AllocsPerRun(10, func() {
			var a [7 * 16]float32
			var c [7 * 40]float32
			vec.MulPanels(c[:], 40, a[:], 16, panels, nil, 7, 16, 40)
			vec.Axpy(vec.Dot(a[:], a[:]), a[:], a[:])
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestMulPanelsNoRows(t *testing.T) {
	vec.MulPanels(nil, 1, nil, 1, nil, nil, 0, 1, 1)
	vec.MulPanels(nil, 1, nil, 1, nil, nil, 1, 1, 0)
}

func TestMulPanelsRefuses(t *testing.T) {
	x := make([]float32, 64)
	for name, f := range map[string]func(){
		"k 0":          func() { vec.MulPanels(x, 1, x, 1, x, nil, 1, 0, 1) },
		"m below 0":    func() { vec.MulPanels(x, 1, x, 1, x, nil, -1, 1, 1) },
		"lda short":    func() { vec.MulPanels(x, 1, x, 1, x, nil, 1, 2, 1) },
		"ldc short":    func() { vec.MulPanels(x, 1, x, 1, x, nil, 1, 1, 2) },
		"a short":      func() { vec.MulPanels(x, 1, x[:3], 2, x, nil, 2, 2, 1) },
		"c short":      func() { vec.MulPanels(x[:2], 2, x, 1, x, nil, 2, 1, 2) },
		"panels short": func() { vec.MulPanels(x, 2, x, 1, x[:31], nil, 2, 1, 2) },
		"bias short":   func() { vec.MulPanels(x, 2, x, 1, x, x[:1], 2, 1, 2) },
		"pack k 0":     func() { vec.PackPanels(x, 0, 1) },
		"pack short":   func() { vec.PackPanels(x, 8, 9) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
