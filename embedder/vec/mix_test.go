package vec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
)

var nan = float32(math.NaN())

func TestAsinh(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		var in []float32
		for x := float32(1e-9); x < 1e18; x *= 1.0003 {
			in = append(in, x, -x)
		}
		for x := -130.0; x < 130; x += 1.0 / 256 {
			in = append(in, float32(x))
		}
		x, check := guarded(len(in))
		copy(x, in)
		vec.Asinh(x, 0, 1)
		check(t)
		for i, v := range in {
			want := math.Asinh(float64(v))
			if off := math.Abs(float64(x[i]) - want); !(off <= max(1e-6, 3e-7*math.Abs(want))) {
				t.Fatalf("asinh of %v is %v, want %v: off by %v", v, x[i], want, off)
			}
		}
	})
}

func TestAsinhOfOddValues(t *testing.T) {
	inf := float32(math.Inf(1))
	onPaths(t, func(t *testing.T) {
		x := []float32{nan, 0, 1e18, inf, -inf, 3e38, -3e38, 1e-40}
		vec.Asinh(x, 0, 1)
		most := x[2]
		if x[0] == x[0] || x[1] != 0 || x[7] < 0 || x[7] > 1e-6 || !slices.Equal(x[3:7], []float32{most, -most, most, -most}) {
			t.Errorf("NaN, 0, 1e18, both infinities, 3e38, -3e38 and 1e-40 became %v", x)
		}
	})
}

// The results rise with the values, so that no order changes.
func TestAsinhRises(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		x := make([]float32, 60_000)
		for i := range x {
			x[i] = -30 + float32(i)/1000
		}
		vec.Asinh(x, 0, 1)
		if !slices.IsSortedFunc(x, func(a, b float32) int { // but for rounding
			if a < b-5e-7*max(1, float32(math.Abs(float64(b)))) {
				return -1
			}
			return 0
		}) {
			t.Error("a larger value has a smaller result")
		}
	})
}

// A mixing is what Mix is given.
type mixing struct{ sums, known, values []float32 }

func (m mixing) clone() mixing {
	return mixing{slices.Clone(m.sums), slices.Clone(m.known), slices.Clone(m.values)}
}

// Mix is Asinh of each value and a weighted sum of what is a number, at every length.
func TestMix(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(t, "n")
			value := rapid.OneOf(rapid.Float32Range(-1e4, 1e4), rapid.Just(nan))
			values := rapid.SliceOfN(value, n, n).Draw(t, "values")
			centre, unit := rapid.Float32Range(-3, 3).Draw(t, "centre"), rapid.Float32Range(0.01, 100).Draw(t, "unit")
			weight := rapid.Float32Range(0.01, 1).Draw(t, "weight")
			m := mixing{make([]float32, n), make([]float32, n), slices.Clone(values)}
			for i := range n {
				m.sums[i], m.known[i] = float32(i), float32(i)/2
			}
			before := m.clone()
			vec.Mix(m.sums, m.known, m.values, centre, unit, weight)
			vec.Asinh(values, centre, unit)
			for i, v := range values {
				sum, known := before.sums[i], before.known[i]
				if v == v {
					sum, known = sum+weight*v, known+weight
				}
				if v == v && m.values[i] != v || v != v && m.values[i] == m.values[i] {
					t.Fatalf("value %d of %d is %v, want %v", i, n, m.values[i], v)
				}
				if math.Abs(float64(m.sums[i]-sum)) > 1e-5*math.Max(1, math.Abs(float64(sum))) || m.known[i] != known {
					t.Fatalf("sum %d of %d is %v of weight %v, want %v of %v", i, n, m.sums[i], m.known[i], sum, known)
				}
			}
		})
	})
}

// Nothing outside the slices changes, and what becomes of a place hangs on neither the
// place nor the length.
func TestMixAnywhere(t *testing.T) {
	onPaths(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		whole := mixing{make([]float32, 100), make([]float32, 100), make([]float32, 100)}
		for i := range whole.values {
			whole.sums[i], whole.known[i], whole.values[i] = rng.Float32(), rng.Float32(), 10*rng.Float32()-5
		}
		want := whole.clone()
		vec.Mix(want.sums, want.known, want.values, 0.3, 1.7, 0.4)
		for n := range 40 {
			from := rng.IntN(60)
			sums, checkSums := guarded(n)
			known, checkKnown := guarded(n)
			values, checkValues := guarded(n)
			copy(sums, whole.sums[from:])
			copy(known, whole.known[from:])
			copy(values, whole.values[from:])
			vec.Mix(sums, known, values, 0.3, 1.7, 0.4)
			checkSums(t)
			checkKnown(t)
			checkValues(t)
			if !slices.Equal(sums, want.sums[from:from+n]) || !slices.Equal(known, want.known[from:from+n]) || !slices.Equal(values, want.values[from:from+n]) {
				t.Fatalf("%d places from %d on differ from what they are among others", n, from)
			}
		}
	})
}

func TestMixRefusesOtherLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("three sums for four values did not panic")
		}
	}()
	vec.Mix(make([]float32, 3), make([]float32, 4), make([]float32, 4), 0, 1, 1)
}

func BenchmarkMix(b *testing.B) {
	for _, n := range []int{165, 27_000} {
		for _, path := range vec.Paths() {
			b.Run(fmt.Sprintf("n=%d/path=%s", n, path), func(b *testing.B) {
				defer use(b, vec.Path())
				use(b, path)
				sums, known, values := make([]float32, n), make([]float32, n), make([]float32, n)
				for b.Loop() {
					for i := range values {
						values[i] = float32(i%64) - 8
					}
					vec.Mix(sums, known, values, 0.3, 1.7, 0.4)
				}
			})
		}
	}
}
