package vec

import "fmt"

// MulEach multiplies each value of y by that of x, which has its length.
func MulEach(x, y []float32) {
	if len(x) != len(y) {
		panic(fmt.Sprintf("vec: MulEach of %d values and %d, want equal lengths", len(x), len(y)))
	}
	mulEach(x, y)
}

func mulEachGo(x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] *= v
	}
}
