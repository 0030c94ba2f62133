package vec_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/embedder/vec"
)

func TestMulEach(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(8, 1))
		for _, n := range lengths() {
			x, all := random(r, n), between(random(r, n))
			want := slices.Clone(all)
			for i, v := range x {
				want[i] *= v
			}
			if vec.MulEach(x, all); !slices.Equal(all, want) {
				t.Errorf("%d values: %v, want %v", n, all, want)
			}
			if around := all[:n+1][n]; around == around {
				t.Errorf("%d values: the one behind became %v", n, around)
			}
		}
		if !panics(func() { vec.MulEach(make([]float32, 2), make([]float32, 3)) }) {
			t.Error("unequal lengths: no panic")
		}
	})
}
