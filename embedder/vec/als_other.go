//go:build !amd64

package vec

func gather(g *Gather, out, p []float32, residual bool) (left int) {
	return gatherGo(g, out, p, residual)
}

func mulSym(out, g, p []float32) { mulSymGo(out, g, p) }

func crossTile(path) (rows, columns int) { return 4, 8 }

func crossWhole(_ path, c []float32, ldc int, a []float32, lda int, b []float32, ldb, k int) {
	crossGo(c, ldc, a, lda, b, ldb, k)
}
