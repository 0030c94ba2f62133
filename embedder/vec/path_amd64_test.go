package vec_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// A kernel needs no instructions beyond those that are asked for before its path is taken:
// what its comment says, which the generator writes.
func TestKernelsNeedWhatIsAskedFor(t *testing.T) {
	any64 := "SSE SSE2 CMOV MMX+"
	avx2 := any64 + " AVX AVX2 FMA3"
	avx512 := avx2 + " AVX512F AVX512BW AVX512VL BMI BMI2 POPCNT"
	files, err := filepath.Glob("*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatalf("no assembly: %v", err)
	}
	kernel := regexp.MustCompile(`(?m)^// Requires: (.*)\nTEXT ·(\w+)\(`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range kernel.FindAllStringSubmatch(string(text), -1) {
			needs, name := strings.Split(found[1], ", "), found[2]
			asked := any64
			switch {
			case strings.Contains(name, "AVX2"):
				asked = avx2
			case strings.Contains(name, "AVX512"):
				asked = avx512
			case strings.Contains(name, "VNNI"):
				asked = avx512 + " AVX512VNNI"
			}
			for _, need := range needs {
				if !slices.Contains(strings.Fields(asked), need) {
					t.Errorf("%s: %s needs %s, which nobody asks for", file, name, need)
				}
			}
		}
	}
}
