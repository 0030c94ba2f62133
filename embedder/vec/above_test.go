package vec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/embedder/vec"
)

// Against sorting: what reaches high is sure, what is marked may be, and the rest is not
// among the n greatest.
func TestNarrowNth(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, size := range lengths() {
			for _, most := range []int{1, 3, 1 << 16} { // many ties, and few
				x := make([]float32, size)
				for i := range x {
					x[i] = float32(r.IntN(most))
				}
				for _, n := range []int{1, 7, size - 1, size, size + 1} {
					for _, halvings := range []int{0, 3, 16} {
						if n > 0 {
							t.Run(fmt.Sprintf("%d of %d below %d, %d halvings", n, size, most, halvings), func(t *testing.T) {
								checkNarrowed(t, x, n, float32(most), halvings)
							})
						}
					}
				}
			}
		}
	})
}

func checkNarrowed(t *testing.T, x []float32, n int, most float32, halvings int) {
	t.Helper()
	mask := masks(len(x))
	high, sure := vec.NarrowNth(mask, x, n, most, halvings)
	var reach, marked, others []float32
	for i, v := range x {
		switch is := mask[i/64]>>(i%64)&1 == 1; {
		case is && v >= high:
			reach = append(reach, v)
		case is:
			marked = append(marked, v)
		default:
			others = append(others, v)
		}
	}
	if len(reach) != sure || sure > n {
		t.Errorf("%d values reach %v, %d are said to, want as many, at most n", len(reach), high, sure)
	}
	if want := min(n, len(x)); len(reach)+len(marked) < want {
		t.Errorf("%d values are marked, want %d or more", len(reach)+len(marked), want)
	}
	if len(others) > 0 && slices.Max(others) >= slices.Min(append(reach, marked...)) {
		t.Errorf("%v is left out, %v is marked", slices.Max(others), slices.Min(append(reach, marked...)))
	}
	if halvings == 16 && most == 1<<16 && sure < n && len(marked) > 0 && slices.Min(marked) != slices.Max(marked) {
		t.Errorf("%v to %v are left to be compared, want one whole number", slices.Min(marked), slices.Max(marked))
	}
}
