package vec

//go:generate go run ./gen/packed -pkg vec -out packed_kernels_amd64.s -stubs packed_kernels_amd64.go

// packedDots takes rows one by one when they are fewer than four.
func packedDots(dst []float32, q []int16, rows []uint8, picks []uint32, scale, shift float32) {
	if len(picks) >= 4 {
		switch current() {
		case pathAVX512:
			packedDotsAVX512(&dst[0], &q[0], &rows[0], &picks[0], len(q), len(picks), scale, shift)
			return
		case pathAVX2:
			packedDotsAVX2(&dst[0], &q[0], &rows[0], &picks[0], len(q), len(picks), scale, shift)
			return
		}
	}
	packedDotsGo(dst, q, rows, picks, scale, shift)
}

// packedAdd wants at least one row.
func packedAdd(sum, weights []float32, rows []uint8, picks []uint32) {
	switch current() {
	case pathAVX512:
		packedAddAVX512(&sum[0], &weights[0], &rows[0], &picks[0], len(sum), len(picks))
	case pathAVX2:
		packedAddAVX2(&sum[0], &weights[0], &rows[0], &picks[0], len(sum), len(picks))
	default:
		packedAddGo(sum, weights, rows, picks)
	}
}

// roundTo leaves what is less than 16 values to Go.
func roundTo(q []int16, x []float32, by float32) {
	n := len(x) &^ 15
	if n > 0 {
		switch current() {
		case pathAVX512:
			roundToAVX512(&q[0], &x[0], by, n)
		case pathAVX2:
			roundToAVX2(&q[0], &x[0], by, n)
		default:
			n = 0
		}
	}
	roundToGo(q[n:], x[n:], by)
}

// mulEach leaves what is less than 16 values to Go.
func mulEach(x, y []float32) {
	n := len(x) &^ 15
	if n > 0 {
		switch current() {
		case pathAVX512:
			mulEachAVX512(&x[0], &y[0], n)
		case pathAVX2:
			mulEachAVX2(&x[0], &y[0], n)
		default:
			n = 0
		}
	}
	mulEachGo(x[n:], y[n:])
}
