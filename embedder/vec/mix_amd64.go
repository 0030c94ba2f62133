package vec

//go:generate go run ./gen/mix -pkg vec -out mix_kernels_amd64.s -stubs mix_kernels_amd64.go

func asinh(x []float32, centre, unit float32) {
	switch current() {
	case pathAVX512:
		asinhAVX512(&x[0], len(x), &asinhTable[0], centre, unit)
	case pathAVX2:
		asinhAVX2(&x[0], len(x), &asinhTable[0], centre, unit, avx2Tail(len(x)))
	default:
		asinhGo(x, centre, unit)
	}
}

func mix(sums, known, values []float32, centre, unit, weight float32) {
	switch current() {
	case pathAVX512:
		mixAVX512(&sums[0], &known[0], &values[0], len(values), &asinhTable[0], centre, unit, weight)
	case pathAVX2:
		mixAVX2(&sums[0], &known[0], &values[0], len(values), &asinhTable[0], centre, unit, weight, avx2Tail(len(values)))
	default:
		mixGo(sums, known, values, centre, unit, weight)
	}
}
