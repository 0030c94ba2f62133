package vec

//go:generate go run ./gen -pkg vec -out kernels_amd64.s -stubs kernels_amd64.go

import "golang.org/x/sys/cpu"

// What the processor offers and the operating system saves between threads;
// golang.org/x/sys/cpu asks both.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasBMI2
	hasVNNI   = hasAVX512 && cpu.X86.HasAVX512VNNI
)

func init() { active.Store(int32(bestPath())) }

func bestPath() path {
	switch {
	case hasAVX512:
		return pathAVX512
	case hasAVX2:
		return pathAVX2
	}
	return pathGo
}

// tileRows is the height of the tallest tile.
func tileRows(p path) int {
	switch p {
	case pathAVX512:
		return 12
	case pathAVX2:
		return 6
	}
	return 8
}

func dot(a, b []float32) float32 {
	if len(a) > 0 {
		switch current() {
		case pathAVX512:
			return dotAVX512(&a[0], &b[0], len(a))
		case pathAVX2:
			return dotAVX2(&a[0], &b[0], len(a))
		}
	}
	return dotGo(a, b)
}

func dot4(q, r0, r1, r2, r3 []float32) (d0, d1, d2, d3 float32) {
	if len(q) > 0 {
		switch current() {
		case pathAVX512:
			return dot4AVX512(&q[0], &r0[0], &r1[0], &r2[0], &r3[0], len(q))
		case pathAVX2:
			return dot4AVX2(&q[0], &r0[0], &r1[0], &r2[0], &r3[0], len(q))
		}
	}
	return dotGo(q, r0), dotGo(q, r1), dotGo(q, r2), dotGo(q, r3)
}

func axpy(alpha float32, x, y []float32) {
	if len(x) > 0 {
		switch current() {
		case pathAVX512:
			axpyAVX512(alpha, &x[0], &y[0], len(x))
			return
		case pathAVX2:
			axpyAVX2(alpha, &x[0], &y[0], len(x))
			return
		}
	}
	axpyGo(alpha, x, y)
}

// dotI8 leaves what is less than a turn of the assembly to Go; the sum is exact
// either way.
func dotI8(a []uint8, b []int8) (sum int32) {
	n := 0
	switch p := current(); {
	case p == pathAVX512 && hasVNNI && len(a) >= 64:
		n = len(a) &^ 63
		sum = dotI8VNNI(&a[0], &b[0], n)
	case p != pathGo && len(a) >= 32:
		n = len(a) &^ 31
		sum = dotI8AVX2(&a[0], &b[0], n)
	}
	if n < len(a) {
		sum += dotI8Go(a[n:], b[n:])
	}
	return sum
}

// atLeast leaves what is less than a word to Go.
func atLeast(mask []uint64, x []float32, floor float32) {
	words := len(x) / 64
	if words > 0 {
		switch current() {
		case pathAVX512:
			atLeastAVX512(&mask[0], &x[0], floor, words)
		case pathAVX2:
			atLeastAVX2(&mask[0], &x[0], floor, words)
		default:
			words = 0
		}
	}
	atLeastGo(mask[words:], x[words*64:], floor)
}

func atLeastEach(mask []uint64, x, floors []float32) {
	words := len(x) / 64
	if words > 0 {
		switch current() {
		case pathAVX512:
			atLeastEachAVX512(&mask[0], &x[0], &floors[0], words)
		case pathAVX2:
			atLeastEachAVX2(&mask[0], &x[0], &floors[0], words)
		default:
			words = 0
		}
	}
	atLeastEachGo(mask[words:], x[words*64:], floors[words*64:])
}

// tile adds a*panel to from and leaves the sum in c; see tileGo.
func tile(p path, c []float32, ldc int, from []float32, step int, a []float32, lda int, panel []float32, rows, k, columns int) {
	switch p {
	case pathAVX512:
		mask := uint32(1<<columns - 1)
		tileAVX512(&c[0], ldc, &from[0], step, &a[0], lda, &panel[0], rows, k, mask)
	case pathAVX2:
		tileAVX2(&c[0], ldc, &from[0], step, &a[0], lda, &panel[0], rows, k, avx2Columns(columns))
		if columns > 16 {
			tileAVX2(&c[16], ldc, &from[16], step, &a[0], lda, &panel[16], rows, k, avx2Columns(columns-16))
		}
	default:
		tileGo(c, ldc, from, step, a, lda, panel, rows, k, columns)
	}
}

// columnMasks holds 16 set masks, then 16 clear ones: 16 of them from 16-n on
// let n columns through.
var columnMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// avx2Columns returns the mask of the first n of 16 columns, nil for all.
func avx2Columns(n int) *int32 {
	if n >= 16 {
		return nil
	}
	return &columnMasks[16-n]
}
