package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// crossTile is the size of a tile of cross, in rows and vectors: 8 sums and 8
// chains of additions on AVX2, 16 on AVX-512, and widths that divide the usual
// numbers of factors.
func crossTile(s kernel.ISA) (rows, vectors int) {
	if s.Lanes == 16 {
		return 8, 2
	}
	return 4, 2
}

// cross adds the product of a transposed matrix and another, both read row by row
// where they lie, to a tile: for every k, some values of a, each spread over a
// vector, times the vectors of b. The Go code cuts the product into whole tiles.
func cross(s kernel.ISA) {
	rows, width := crossTile(s)
	kernel.Begin("cross"+s.Name, "func(c *float32, ldc int, a *float32, lda int, b *float32, ldb, k int)",
		fmt.Sprintf("adds the sums over k of a[k*lda+i]*b[k*ldb+j] to c[i*ldc+j], %d rows of %d.", rows, width*s.Lanes))
	a, b := kernel.Pointer("a"), kernel.Pointer("b")
	lda, ldb := kernel.Word("lda"), kernel.Word("ldb")
	k := kernel.Word("k")
	SHLQ(Imm(2), lda)
	SHLQ(Imm(2), ldb)
	var sums [][]VecVirtual
	for range rows {
		sums = append(sums, s.Zeros(width))
	}
	Label("turn")
	var bs []VecVirtual
	for v := range width {
		x := s.Vector()
		VMOVUPS(b.Offset(v*s.Bytes()), x)
		bs = append(bs, x)
	}
	for i := range rows {
		x := s.Vector()
		VBROADCASTSS(a.Offset(4*i), x)
		for v := range width {
			VFMADD231PS(bs[v], x, sums[i][v])
		}
	}
	ADDQ(lda, a.Base)
	ADDQ(ldb, b.Base)
	DECQ(k)
	JNZ(LabelRef("turn"))
	c, ldc := kernel.Pointer("c"), kernel.Word("ldc")
	SHLQ(Imm(2), ldc)
	for i := range rows {
		for v := range width {
			VADDPS(c.Offset(v*s.Bytes()), sums[i][v], sums[i][v])
			VMOVUPS(sums[i][v], c.Offset(v*s.Bytes()))
		}
		ADDQ(ldc, c.Base)
	}
	kernel.End()
}
