package vec

import (
	"fmt"
	"math/bits"
)

// AtLeast sets bit i%64 of mask[i/64] if x[i] >= floor, and clears it if not (a
// NaN is at least nothing), for every i below len(x). It writes the first
// (len(x)+63)/64 words of mask whole; mask has no fewer.
//
// A top-k selection over many scores begins with it: once the k-th best is
// known, few scores reach it, and whole words of zeros are passed over.
func AtLeast(mask []uint64, x []float32, floor float32) {
	checkMask(mask, x)
	atLeast(mask, x, floor)
}

// Ones returns how many bits of mask are set: of how many values, after [AtLeast].
func Ones(mask []uint64) (n int) {
	for _, word := range mask {
		n += bits.OnesCount64(word)
	}
	return n
}

// AtLeastEach is [AtLeast] with a floor for each value; floors has the length
// of x.
func AtLeastEach(mask []uint64, x, floors []float32) {
	checkMask(mask, x)
	if len(floors) != len(x) {
		panic(fmt.Sprintf("vec: AtLeastEach of %d values with %d floors, want as many", len(x), len(floors)))
	}
	atLeastEach(mask, x, floors)
}

func checkMask(mask []uint64, x []float32) {
	if want := (len(x) + 63) / 64; len(mask) < want {
		panic(fmt.Sprintf("vec: mask of %d words for %d values, want %d", len(mask), len(x), want))
	}
}
