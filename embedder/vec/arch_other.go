//go:build !amd64

package vec

// Without assembly the plain Go twins are the only path.

func bestPath() path { return pathGo }

func tileRows(path) int { return 8 }

func dot(a, b []float32) float32 { return dotGo(a, b) }

func dot4(q, r0, r1, r2, r3 []float32) (d0, d1, d2, d3 float32) {
	return dotGo(q, r0), dotGo(q, r1), dotGo(q, r2), dotGo(q, r3)
}

func dotRows(dst, q, rows []float32) {
	for i := range dst {
		dst[i] = dotGo(q, rows[i*len(q):][:len(q)])
	}
}

func dotPicks(dst, q, rows []float32, picks []uint32) {
	for i, p := range picks {
		dst[i] = dotGo(q, rows[int(p)*len(q):][:len(q)])
	}
}

func dotI8Rows(dst []int32, q []uint8, rows []int8) {
	for i := range dst {
		dst[i] = dotI8Go(q, rows[i*len(q):][:len(q)])
	}
}

func dotI8Picks(dst []int32, q []int8, rows []uint8, picks []uint32) {
	for i, p := range picks {
		dst[i] = dotI8Go(rows[int(p)*len(q):][:len(q)], q)
	}
}

func axpy(alpha float32, x, y []float32) { axpyGo(alpha, x, y) }

func dotI8(a []uint8, b []int8) int32 { return dotI8Go(a, b) }

func atLeast(mask []uint64, x []float32, floor float32) { atLeastGo(mask, x, floor) }

func atLeastEach(mask []uint64, x, floors []float32) { atLeastEachGo(mask, x, floors) }

func tile(_ path, c []float32, ldc int, from []float32, step int, a []float32, lda int, panel []float32, rows, k, columns int) {
	tileGo(c, ldc, from, step, a, lda, panel, rows, k, columns)
}
