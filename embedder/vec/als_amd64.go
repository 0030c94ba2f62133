package vec

// gather adds rows to out, and returns 0, or how many were left at the first
// index that is no row. Rows are asked for while more than floor are left, so
// that no index is read past the end of Cols.
func gather(g *Gather, out, p []float32, residual bool) (left int) {
	if len(g.Rows) == 0 {
		return len(g.Weights)
	}
	n, limit := len(g.Weights), len(g.Rows)/g.Dims
	floor := n - len(g.Cols) + alsAhead + 3
	switch now := current(); {
	case now == pathAVX512 && residual:
		return residualAVX512(g, out, p, limit, n, floor)
	case now == pathAVX512:
		return stepAVX512(g, out, p, limit, n, floor)
	case now == pathAVX2 && residual:
		return residualAVX2(g, out, p, limit, n, floor)
	case now == pathAVX2:
		return stepAVX2(g, out, p, limit, n, floor)
	}
	return gatherGo(g, out, p, residual)
}

func stepAVX512(g *Gather, out, p []float32, limit, n, floor int) (left int) {
	switch g.Dims {
	case 32:
		return gatherStepAVX512x32(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 64:
		return gatherStepAVX512x64(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 128:
		return gatherStepAVX512x128(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	}
	return gatherStepAVX512(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
}

func residualAVX512(g *Gather, out, p []float32, limit, n, floor int) (left int) {
	switch g.Dims {
	case 32:
		return gatherResidualAVX512x32(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 64:
		return gatherResidualAVX512x64(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 128:
		return gatherResidualAVX512x128(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	}
	return gatherResidualAVX512(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
}

func stepAVX2(g *Gather, out, p []float32, limit, n, floor int) (left int) {
	switch g.Dims {
	case 32:
		return gatherStepAVX2x32(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 64:
		return gatherStepAVX2x64(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	}
	return gatherStepAVX2(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base, avx2Tail(g.Dims))
}

func residualAVX2(g *Gather, out, p []float32, limit, n, floor int) (left int) {
	switch g.Dims {
	case 32:
		return gatherResidualAVX2x32(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	case 64:
		return gatherResidualAVX2x64(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base)
	}
	return gatherResidualAVX2(&out[0], &p[0], &g.Rows[0], g.Dims, limit, &g.Cols[0], &g.Weights[0], n, floor, g.Base, avx2Tail(g.Dims))
}

func mulSym(out, g, p []float32) {
	switch current() {
	case pathAVX512:
		mulSymAVX512(&out[0], &g[0], &p[0], len(p))
	case pathAVX2:
		mulSymAVX2(&out[0], &g[0], &p[0], len(p), avx2Tail(len(p)))
	default:
		mulSymGo(out, g, p)
	}
}

// crossTile is the size of a tile.
func crossTile(p path) (rows, columns int) {
	switch p {
	case pathAVX512:
		return 8, 32
	case pathAVX2:
		return 4, 16
	}
	return 4, 8
}

func crossWhole(p path, c []float32, ldc int, a []float32, lda int, b []float32, ldb, k int) {
	switch p {
	case pathAVX512:
		crossAVX512(&c[0], ldc, &a[0], lda, &b[0], ldb, k)
	case pathAVX2:
		crossAVX2(&c[0], ldc, &a[0], lda, &b[0], ldb, k)
	default:
		crossGo(c, ldc, a, lda, b, ldb, k)
	}
}
