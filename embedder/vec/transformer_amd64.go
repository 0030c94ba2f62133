package vec

//go:generate go run ./gen/transformer -pkg vec -out transformer_kernels_amd64.s -stubs transformer_kernels_amd64.go

func gelu(x []float32) {
	if len(x) > 0 {
		switch current() {
		case pathAVX512:
			geluAVX512(&x[0], len(x), &geluTable[0])
			return
		case pathAVX2:
			geluAVX2(&x[0], len(x), &geluTable[0], avx2Tail(len(x)))
			return
		}
	}
	geluGo(x)
}

func expSum(x []float32) float32 {
	switch current() {
	case pathAVX512:
		return expSumAVX512(&x[0], len(x), &expTable[0])
	case pathAVX2:
		return expSumAVX2(&x[0], len(x), &expTable[0], avx2Tail(len(x)))
	}
	return expSumGo(x)
}

func addLayerNorm(x, y, gain, shift []float32, epsilon float32) {
	inverse := 1 / float32(len(x))
	switch current() {
	case pathAVX512:
		addLayerNormAVX512(&x[0], &y[0], &gain[0], &shift[0], len(x), inverse, epsilon)
	case pathAVX2:
		addLayerNormAVX2(&x[0], &y[0], &gain[0], &shift[0], len(x), inverse, epsilon, avx2Tail(len(x)))
	default:
		addLayerNormGo(x, y, gain, shift, epsilon)
	}
}

// avx2Tail returns the mask of the last n%8 of n values.
func avx2Tail(n int) *int32 { return &columnMasks[16-n%8] }
