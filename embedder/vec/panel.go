package vec

import "fmt"

// PanelWidth is the number of columns in a panel.
const PanelWidth = 32

// Sizes of a block of [MulPanels]. The blockK rows of a panel (48 kB) are read
// once for each tile of rows, from the first or second level cache, and the blockM
// rows of a block (370 kB) stay in the second level while all panels pass. With a
// second level of 2 MB the rate is the same from 192 to 768 and from 120 to 480,
// and a tenth less at 128; these also suit one of 512 kB, and k of 384 is one block.
const (
	blockK = 384
	blockM = 240 // a multiple of both tile heights
)

// PackPanels returns w, [n x k] row-major, row j the weights of output j, in the
// order that [MulPanels] reads: [ceil(n/32)][k][32], 32 outputs side by side,
// missing ones zero. It takes as long as two copies of w.
func PackPanels(w []float32, k, n int) []float32 {
	if k < 1 || n < 1 || len(w) < n*k {
		panic(fmt.Sprintf("vec: PackPanels of %d values as %d x %d, want at least %d, and both at least 1", len(w), n, k, n*k))
	}
	panels := make([]float32, (n+PanelWidth-1)/PanelWidth*k*PanelWidth)
	for j := range n {
		panel := panels[j/PanelWidth*k*PanelWidth+j%PanelWidth:]
		for p, v := range w[j*k : j*k+k] {
			panel[p*PanelWidth] = v
		}
	}
	return panels
}

// MulPanels computes c = a*B + bias for the B that [PackPanels] packed:
//
//	c[i*ldc+j] = bias[j] + sum over p of a[i*lda+p] * w[j*k+p],  i < m, j < n
//
// a is [m x k] with rows lda values apart, c is [m x n] with rows ldc values
// apart, bias is [n] or nil for none. Only those values of c are written, and c
// overlaps none of the others. The sum runs over ascending p in one
// accumulator, so that a result depends on its row of a and its column of B
// alone. It runs in the calling goroutine; callers share out rows. A core of
// some 3 GHz makes 180 GFLOP/s with AVX-512, 110 with AVX2 and 6 in plain Go, with
// six rows as with hundreds (BenchmarkMulPanels).
//
// The blocks are those of Goto and van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication" (2008), with B packed beforehand and a read in place.
func MulPanels(c []float32, ldc int, a []float32, lda int, panels, bias []float32, m, k, n int) {
	if m == 0 || n == 0 {
		return
	}
	checkMul(c, ldc, a, lda, panels, bias, m, k, n)
	p := current()
	for i := 0; i < m; i += blockM {
		rows := min(blockM, m-i)
		for kk := 0; kk < k; kk += blockK {
			b := block{m: rows, k: min(blockK, k-kk), n: n, lda: lda, ldc: ldc, stride: k * PanelWidth}
			b.c, b.a, b.panels = c[i*ldc:], a[i*lda+kk:], panels[kk*PanelWidth:]
			b.first, b.bias = kk == 0, bias
			b.mul(p)
		}
	}
}

func checkMul(c []float32, ldc int, a []float32, lda int, panels, bias []float32, m, k, n int) {
	switch {
	case m < 0 || n < 0 || k < 1:
		panic(fmt.Sprintf("vec: MulPanels of %d x %d x %d, want k at least 1 and none negative", m, k, n))
	case lda < k || len(a) < (m-1)*lda+k:
		panic(fmt.Sprintf("vec: MulPanels reads %d x %d values %d apart, a has %d", m, k, lda, len(a)))
	case ldc < n || len(c) < (m-1)*ldc+n:
		panic(fmt.Sprintf("vec: MulPanels writes %d x %d values %d apart, c has %d", m, n, ldc, len(c)))
	case len(panels) < (n+PanelWidth-1)/PanelWidth*k*PanelWidth:
		panic(fmt.Sprintf("vec: MulPanels reads panels of %d x %d, panels has %d values", k, n, len(panels)))
	case bias != nil && len(bias) < n:
		panic(fmt.Sprintf("vec: MulPanels reads a bias of %d values, bias has %d", n, len(bias)))
	}
}

// A block is a share of a product whose operands stay in cache.
type block struct {
	c, a, panels, bias []float32 // each begins at the block; bias may be nil
	m, k, n            int
	lda, ldc           int
	stride             int  // from one panel to the next
	first              bool // c begins with bias or zero, not with what it holds
}

// zeros is where a product without bias begins.
var zeros [PanelWidth]float32

// mul multiplies the block, panel by panel, in tiles of nearly equal height.
func (b *block) mul(p path) {
	tiles := (b.m + tileRows(p) - 1) / tileRows(p)
	for j := 0; j < b.n; j += PanelWidth {
		columns := min(PanelWidth, b.n-j)
		panel := b.panels[j/PanelWidth*b.stride:][:b.k*PanelWidth]
		from, step := zeros[:columns], 0
		if b.bias != nil {
			from = b.bias[j : j+columns]
		}
		row := 0
		for t := range tiles {
			rows := (b.m - row) / (tiles - t)
			c := b.c[row*b.ldc+j:]
			if !b.first {
				from, step = c, b.ldc
			}
			tile(p, c, b.ldc, from, step, b.a[row*b.lda:], b.lda, panel, rows, b.k, columns)
			row += rows
		}
	}
}
