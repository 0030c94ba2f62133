//go:build !amd64

package vec

func packedDots(dst []float32, q []int16, rows []uint8, picks []uint32, scale, shift float32) {
	packedDotsGo(dst, q, rows, picks, scale, shift)
}

func packedAdd(sum, weights []float32, rows []uint8, picks []uint32) {
	packedAddGo(sum, weights, rows, picks)
}

func roundTo(q []int16, x []float32, by float32) { roundToGo(q, x, by) }

func mulEach(x, y []float32) { mulEachGo(x, y) }
