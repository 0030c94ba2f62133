package vec_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/embedder/vec"
)

// An AVX-512 processor without VNNI takes the AVX2 kernels for bytes.
func TestDotI8WithoutVNNI(t *testing.T) {
	defer vec.HideVNNI()()
	TestDotI8EveryLength(t)
	TestDotI8RowsAreDotI8s(t)
	TestDotI8PicksAreDotI8s(t)
}

// One fused chain for each sum: the two instruction sets give the same product,
// though not the same Dot.
func TestMulPanelsPathsAgree(t *testing.T) {
	paths := vec.Paths()
	if len(paths) < 3 {
		t.Skipf("this machine has only %v", paths)
	}
	defer use(t, paths[len(paths)-1])
	p := randomProduct(rand.New(rand.NewPCG(1, 2)), 29, 500, 77, true)
	use(t, "avx2")
	narrow := p.mul()
	use(t, "avx512")
	if wide := p.mul(); !slices.Equal(wide, narrow) {
		t.Error("AVX2 and AVX-512 give different products")
	}
}
