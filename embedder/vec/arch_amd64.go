package vec

//go:generate go run ./gen -pkg vec -out kernels_amd64.s -stubs kernels_amd64.go

import "golang.org/x/sys/cpu"

// What the processor offers and the operating system saves between threads;
// golang.org/x/sys/cpu asks both.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
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

// dotI8 leaves what is less than a step of the assembly to Go; the sum is exact
// either way.
func dotI8(a []uint8, b []int8) (sum int32) {
	n := len(a) &^ (stepI8() - 1)
	if n > 0 {
		if current() == pathAVX512 && hasVNNI {
			sum = dotI8VNNI(&a[0], &b[0], n)
		} else {
			sum = dotI8AVX2(&a[0], &b[0], n)
		}
	}
	if n < len(a) {
		sum += dotI8Go(a[n:], b[n:])
	}
	return sum
}

// stepI8 is the number of bytes that the kernel in use takes at once, a power of
// two; for plain Go more than there ever are.
func stepI8() int {
	switch p := current(); {
	case p == pathAVX512 && hasVNNI:
		return 64
	case p != pathGo:
		return 16
	}
	return 1 << 30
}

// dotRows leaves the last rows, when there are not four, to dot.
func dotRows(dst, q, rows []float32) {
	fours := len(dst) / 4
	if fours > 0 {
		switch current() {
		case pathAVX512:
			dotRowsAVX512(&dst[0], &q[0], &rows[0], len(q), fours)
		case pathAVX2:
			dotRowsAVX2(&dst[0], &q[0], &rows[0], len(q), fours)
		default:
			fours = 0
		}
	}
	for i := 4 * fours; i < len(dst); i++ {
		dst[i] = dot(q, rows[i*len(q):][:len(q)])
	}
}

// dotPicks takes rows one by one when they are fewer than four.
func dotPicks(dst, q, rows []float32, picks []uint32) {
	if len(picks) >= 4 {
		switch current() {
		case pathAVX512:
			dotPicksAVX512(&dst[0], &q[0], &rows[0], &picks[0], len(q), len(picks))
			return
		case pathAVX2:
			dotPicksAVX2(&dst[0], &q[0], &rows[0], &picks[0], len(q), len(picks))
			return
		}
	}
	for i, p := range picks {
		dst[i] = dot(q, rows[int(p)*len(q):][:len(q)])
	}
}

// dotI8Rows takes rows one by one when they are no multiple of a step.
func dotI8Rows(dst []int32, q []uint8, rows []int8) {
	fours := len(dst) / 4
	if len(q)%stepI8() != 0 {
		fours = 0
	}
	if fours > 0 {
		if current() == pathAVX512 && hasVNNI {
			dotI8RowsVNNI(&dst[0], &q[0], &rows[0], len(q), fours)
		} else {
			dotI8RowsAVX2(&dst[0], &q[0], &rows[0], len(q), fours)
		}
	}
	for i := 4 * fours; i < len(dst); i++ {
		dst[i] = dotI8(q, rows[i*len(q):][:len(q)])
	}
}

// dotI8Picks takes rows one by one when they are fewer than four, or no multiple of a
// step.
func dotI8Picks(dst []int32, q []int8, rows []uint8, picks []uint32) {
	n := len(q)
	switch {
	case len(picks) < 4 || n%stepI8() != 0:
		for i, p := range picks {
			dst[i] = dotI8(rows[int(p)*n:][:n], q)
		}
	case current() == pathAVX512 && hasVNNI:
		dotI8PicksVNNI(&dst[0], &q[0], &rows[0], &picks[0], n, len(picks))
	default:
		dotI8PicksAVX2(&dst[0], &q[0], &rows[0], &picks[0], n, len(picks))
	}
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
