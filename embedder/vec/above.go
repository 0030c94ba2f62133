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

// NarrowNth narrows down the n-th greatest of x, values below most; negative ones do not
// count. It halves the span from 0 to most in which that lies, by counting how many reach
// the middle, as often as halvings says, or until n do. Then mask marks, as [AtLeast] does,
// the n greatest and those that may be among them; all, if there are no more than n. Sure
// of the marked, n at most, reach high and are among the n greatest: only the others are
// left to be compared.
func NarrowNth(mask []uint64, x []float32, n int, most float32, halvings int) (high float32, sure int) {
	checkMask(mask, x)
	mask = mask[:(len(x)+63)/64]
	low, high, marked := float32(0), most, float32(-1)
	for range halvings {
		marked = (low + high) / 2
		atLeast(mask, x, marked)
		reach := Ones(mask)
		if reach > n {
			low = marked
			continue
		}
		high, sure = marked, reach
		if reach == n {
			return high, sure
		}
	}
	if marked != low {
		atLeast(mask, x, low)
	}
	return high, sure
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
