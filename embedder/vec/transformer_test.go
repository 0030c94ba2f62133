package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"marquee/embedder/vec"
)

// onPaths runs test on every kernel path of this machine.
func onPaths(t *testing.T, test func(t *testing.T)) {
	defer vec.Use(vec.Path())
	for _, path := range vec.Paths() {
		t.Run(path, func(t *testing.T) {
			if err := vec.Use(path); err != nil {
				t.Fatal(err)
			}
			test(t)
		})
	}
}

// guarded returns n values with guards beyond both ends, and a check that the
// guards still stand.
func guarded(n int) (values []float32, check func(t *testing.T)) {
	const guard, mark = 32, 12345
	all := make([]float32, n+2*guard)
	for i := range all {
		all[i] = mark
	}
	return all[guard : guard+n : guard+n], func(t *testing.T) {
		t.Helper()
		for i, v := range all {
			if (i < guard || i >= guard+n) && v != mark {
				t.Fatalf("value %d of %d, outside, became %v", i-guard, n, v)
			}
		}
	}
}

func TestGELU(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		const n = 120_001
		x, check := guarded(n)
		in := make([]float32, n)
		for i := range x {
			in[i] = -12 + 24*float32(i)/(n-1)
		}
		copy(x, in)
		vec.GELU(x)
		check(t)
		worst := 0.0
		for i, v := range in {
			want := float64(v) * 0.5 * math.Erfc(-float64(v)/math.Sqrt2)
			worst = max(worst, math.Abs(float64(x[i])-want)-1.5e-7*math.Abs(float64(v)))
		}
		if worst > 1e-30 {
			t.Errorf("an error is %v above 1.5e-7*|x|", worst)
		}
	})
}

func TestGELUOfOddValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	onPaths(t, func(t *testing.T) {
		x := []float32{0, 1e30, -1e-30, 1e-30, inf, nan, 3e38}
		vec.GELU(x)
		for i, ok := range []bool{x[0] == 0, x[1] == 1e30, x[2] == -0.5e-30, x[3] == 0.5e-30, x[4] == inf, x[5] != x[5], x[6] == 3e38} {
			if !ok {
				t.Errorf("value %d became %v", i, x[i])
			}
		}
	})
}

// A value's GELU depends on neither its place nor the length.
func TestGELUAnywhere(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		for n := range 100 {
			x, check := guarded(n)
			for i := range x {
				x[i] = 0.7
			}
			vec.GELU(x)
			check(t)
			one := []float32{0.7}
			vec.GELU(one)
			for i, v := range x {
				if v != one[0] {
					t.Fatalf("value %d of %d is %v, alone it is %v", i, n, v, one[0])
				}
			}
		}
	})
}

func TestExpSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	onPaths(t, func(t *testing.T) {
		for n := 1; n < 300; n++ {
			x, check := guarded(n)
			for i := range x {
				x[i] = float32(rng.NormFloat64()*8 - 50) // all negative: zeros past the end would be the greatest
			}
			in := append([]float32(nil), x...)
			sum := vec.ExpSum(x)
			check(t)
			checkExp(t, in, x, sum)
		}
	})
}

func checkExp(t *testing.T, in, got []float32, sum float32) {
	t.Helper()
	greatest := in[0]
	for _, v := range in {
		greatest = max(greatest, v)
	}
	total := 0.0
	for i, v := range in {
		want := math.Exp(float64(v) - float64(greatest))
		if d := math.Abs(float64(got[i]) - want); d > 3e-6*want {
			// The difference of two float32 is rounded before exp sees it, hence more than exp's own error.
			t.Fatalf("value %d of %d, %v below the greatest, became %v, want %v", i, len(in), greatest-v, got[i], want)
		}
		total += float64(got[i])
	}
	if math.Abs(float64(sum)-total) > 1e-6*total {
		t.Fatalf("sum of %d is %v, want %v", len(in), sum, total)
	}
}

// With 0 as the greatest nothing is rounded before exp, so its own error shows.
func TestExpSumError(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		const n = 87_001
		x := make([]float32, n)
		in := make([]float32, n)
		for i := range x {
			in[i] = -float32(i) / 1000
		}
		copy(x, in)
		vec.ExpSum(x)
		for i, v := range in {
			if want := math.Exp(float64(v)); math.Abs(float64(x[i])-want) > 3e-7*want {
				t.Fatalf("exp(%v) is %v, want %v", v, x[i], want)
			}
		}
	})
}

func TestExpSumFarBelow(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		x := []float32{0, -87.3, -88, -1e4, -3e38}
		if sum := vec.ExpSum(x); sum != 1 || x[0] != 1 {
			t.Errorf("sum is %v, greatest became %v, want 1 and 1", sum, x[0])
		}
		for i, v := range x[1:] {
			if !(v > 1.1e-38 && v < 1.3e-38) {
				t.Errorf("value %d became %v, want 1.2e-38", i+1, v)
			}
		}
	})
}

func TestAddLayerNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	onPaths(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 384, 385, 768, 1000} {
			x, check := guarded(n)
			y, gain, shift := make([]float32, n), make([]float32, n), make([]float32, n)
			sum := make([]float64, n)
			for i := range x {
				x[i], y[i] = float32(rng.NormFloat64()*3+20), float32(rng.NormFloat64())
				gain[i], shift[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
				sum[i] = float64(x[i] + y[i])
			}
			vec.AddLayerNorm(x, y, gain, shift, 1e-12)
			check(t)
			for i, want := range layerNorm64(sum, gain, shift) {
				if n > 1 && math.Abs(float64(x[i])-want) > 2e-5 {
					t.Fatalf("value %d of %d is %v, want %v", i, n, x[i], want)
				}
			}
			if n == 1 && x[0] != shift[0] {
				t.Errorf("one value became %v, want its shift %v", x[0], shift[0])
			}
		}
	})
}

func layerNorm64(x []float64, gain, shift []float32) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(variance+1e-12)*float64(gain[i]) + float64(shift[i])
	}
	return out
}

func TestTransformerPanics(t *testing.T) {
	for name, call := range map[string]func(){
		"no values to exp":       func() { vec.ExpSum(nil) },
		"no values to normalise": func() { vec.AddLayerNorm(nil, nil, nil, nil, 0) },
		"short gain": func() {
			vec.AddLayerNorm(make([]float32, 3), make([]float32, 3), make([]float32, 2), make([]float32, 3), 0)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkTransformer(b *testing.B) {
	defer vec.Use(vec.Path())
	for _, path := range vec.Paths() {
		vec.Use(path)
		x, y, gain, shift := make([]float32, 1536), make([]float32, 384), make([]float32, 384), make([]float32, 384)
		for i := range x {
			x[i] = float32(i%100)/25 - 2
		}
		for name, run := range map[string]func(){
			"GELU/n=1536":        func() { vec.GELU(x) },
			"ExpSum/n=112":       func() { vec.ExpSum(x[:112]) },
			"AddLayerNorm/n=384": func() { vec.AddLayerNorm(x[:384], y, gain, shift, 1e-12) },
		} {
			b.Run(fmt.Sprintf("%s/path=%s", name, path), func(b *testing.B) {
				for b.Loop() {
					run()
				}
			})
		}
	}
}
