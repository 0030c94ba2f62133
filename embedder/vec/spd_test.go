package vec_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"marquee/embedder/vec"
)

func BenchmarkInvertSPD(b *testing.B) {
	for _, n := range []int{2000, 5000, 10000} {
		g := gram(rand.New(rand.NewPCG(1, 1)), n, 20, 30)
		a := make([]float32, len(g))
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(a, g)
				if err := vec.InvertSPD(b.Context(), a, n, runtime.GOMAXPROCS(0), quiet); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(n)*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func quiet(int, int) {}

// gram returns X'X + ridge for people who watched some movies each, popular ones
// more than others.
func gram(r *rand.Rand, n, each int, ridge float32) []float32 {
	a := make([]float32, n*n)
	seen := make([]int, 0, each)
	for range 3 * n {
		seen = seen[:0]
		for range 1 + r.IntN(2*each) {
			if m := int(float64(n) * math.Pow(r.Float64(), 3)); !slices.Contains(seen, m) {
				seen = append(seen, m)
			}
		}
		for _, i := range seen {
			for _, j := range seen {
				a[i*n+j]++
			}
		}
	}
	for i := range n {
		a[i*n+i] += ridge
	}
	return a
}

// inverse64 is the closed form in float64.
func inverse64(t testing.TB, a []float32, n int) *mat.SymDense {
	t.Helper()
	wide := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			wide.SetSym(i, j, float64(a[i*n+j]))
		}
	}
	var c mat.Cholesky
	if !c.Factorize(wide) {
		t.Fatal("not positive definite in float64")
	}
	var inverse mat.SymDense
	if err := c.InverseTo(&inverse); err != nil {
		var condition mat.Condition
		if !errors.As(err, &condition) {
			t.Fatal(err)
		}
	}
	return &inverse
}

// difference is how far a lies from the inverse, each value as a share of the
// two diagonal values that it lies between.
func difference(a []float32, want *mat.SymDense) float64 {
	n, worst := want.SymmetricDim(), 0.0
	for i := range n {
		for j := range n {
			d := math.Abs(float64(a[i*n+j])-want.At(i, j)) / math.Sqrt(want.At(i, i)*want.At(j, j))
			if !(d <= worst) {
				worst = d
			}
		}
	}
	return worst
}

// One pivot, one block, and several, the last one short; well conditioned and not.
func TestInvertSPD(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, c := range []struct {
			n     int
			ridge float32
		}{{1, 3}, {2, 1}, {31, 1}, {256, 10}, {257, 10}, {300, 0.1}, {530, 1}} {
			a := gram(rand.New(rand.NewPCG(1, uint64(c.n))), c.n, 20, c.ridge)
			want := inverse64(t, a, c.n)
			steps := 0
			if err := vec.InvertSPD(t.Context(), a, c.n, 2, func(done, total int) { steps = done * 1000 / total }); err != nil {
				t.Fatal(err)
			}
			if d := difference(a, want); !(d <= 1e-5) {
				t.Errorf("n %d, ridge %v: differs by %v from float64, want 1e-5", c.n, c.ridge, d)
			}
			for i := range c.n {
				for j := range i {
					if a[i*c.n+j] != a[j*c.n+i] {
						t.Fatalf("n %d: %v at %d,%d and %v at %d,%d", c.n, a[i*c.n+j], i, j, a[j*c.n+i], j, i)
					}
				}
			}
			if steps != 1000 {
				t.Errorf("n %d: progress ends at %d of 1000", c.n, steps)
			}
		}
	})
}

func TestInvertSPDByHand(t *testing.T) {
	a := []float32{4, -99, 2, 3} // the upper triangle is not read
	if err := vec.InvertSPD(t.Context(), a, 2, 1, quiet); err != nil {
		t.Fatal(err)
	}
	if want := []float32{0.375, -0.25, -0.25, 0.5}; !slices.Equal(a, want) {
		t.Errorf("inverse %v, want %v", a, want)
	}
	if err := vec.InvertSPD(t.Context(), nil, 0, 1, quiet); err != nil {
		t.Errorf("an empty matrix: %v", err)
	}
}

// Who does what share of the work must not show.
func TestInvertSPDSameBits(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n = 530
		g := gram(rand.New(rand.NewPCG(2, 2)), n, 20, 5)
		var want []float32
		for _, workers := range []int{1, 2, 3, 7} {
			a := slices.Clone(g)
			if err := vec.InvertSPD(t.Context(), a, n, workers, quiet); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = a
			}
			if !slices.Equal(a, want) {
				t.Errorf("%d workers give another inverse than one", workers)
			}
		}
	})
}

// A movie that everybody watched who watched another, and no ridge; a negative
// value; NaN in each place: the same error, in the first block and behind it.
func TestInvertSPDNotPositive(t *testing.T) {
	const n = 300
	nan := float32(math.NaN())
	for name, spoil := range map[string]func(a []float32){
		"twins": func(a []float32) {
			for i := range n {
				a[280*n+i], a[i*n+280] = a[3*n+i], a[i*n+3]
			}
			a[280*n+280] = a[3*n+3]
		},
		"zero first":      func(a []float32) { a[0] = 0 },
		"negative last":   func(a []float32) { a[n*n-1] = -1 },
		"NaN on it":       func(a []float32) { a[270*n+270] = nan },
		"NaN below it":    func(a []float32) { a[290*n+5] = nan },
		"infinite on it":  func(a []float32) { a[7*n+7] = float32(math.Inf(1)) },
		"infinite beside": func(a []float32) { a[299*n+298] = float32(math.Inf(1)) },
	} {
		a := gram(rand.New(rand.NewPCG(3, 3)), n, 10, 0.5)
		spoil(a)
		if err := vec.InvertSPD(t.Context(), a, n, 2, quiet); !errors.Is(err, vec.ErrNotPositive) {
			t.Errorf("%s: error %v, want ErrNotPositive", name, err)
		}
	}
}

func TestInvertSPDEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	const n = 600
	a := gram(rand.New(rand.NewPCG(4, 4)), n, 5, 1)
	if err := vec.InvertSPD(ctx, a, n, 2, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestInvertSPDRefuses(t *testing.T) {
	for name, f := range map[string]func(){
		"n below 0":  func() { _ = vec.InvertSPD(t.Context(), nil, -1, 1, quiet) },
		"no workers": func() { _ = vec.InvertSPD(t.Context(), []float32{1}, 1, 0, quiet) },
		"a short":    func() { _ = vec.InvertSPD(t.Context(), []float32{1, 2, 3}, 2, 1, quiet) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
