package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// crossTile is the size of a tile of cross, in rows and vectors: 8 sums and 8
// chains of additions on AVX2, 16 on AVX-512, and widths that divide the usual
// numbers of factors.
func crossTile(s isa) (rows, vectors int) {
	if s.lanes == 16 {
		return 8, 2
	}
	return 4, 2
}

// cross adds the product of a transposed matrix and another, both read row by row
// where they lie, to a tile: for every k, some values of a, each spread over a
// vector, times the vectors of b. The Go code cuts the product into whole tiles.
func cross(s isa) {
	rows, width := crossTile(s)
	TEXT("cross"+s.name, NOSPLIT, "func(c *float32, ldc int, a *float32, lda int, b *float32, ldb, k int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("cross%s adds the sums over k of a[k*lda+i]*b[k*ldb+j] to c[i*ldc+j], %d rows of %d.", s.name, rows, width*s.lanes))
	a, b := Mem{Base: Load(Param("a"), GP64())}, Mem{Base: Load(Param("b"), GP64())}
	lda, ldb := Load(Param("lda"), GP64()).(GPVirtual), Load(Param("ldb"), GP64()).(GPVirtual)
	k := Load(Param("k"), GP64()).(GPVirtual)
	SHLQ(Imm(2), lda)
	SHLQ(Imm(2), ldb)
	var sums [][]VecVirtual
	for range rows {
		sums = append(sums, s.zeros(width))
	}
	Label("turn")
	var bs []VecVirtual
	for v := range width {
		x := s.vector()
		VMOVUPS(b.Offset(v*s.bytes()), x)
		bs = append(bs, x)
	}
	for i := range rows {
		x := s.vector()
		VBROADCASTSS(a.Offset(4*i), x)
		for v := range width {
			VFMADD231PS(bs[v], x, sums[i][v])
		}
	}
	ADDQ(lda, a.Base)
	ADDQ(ldb, b.Base)
	DECQ(k)
	JNZ(LabelRef("turn"))
	c, ldc := Mem{Base: Load(Param("c"), GP64())}, Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	for i := range rows {
		for v := range width {
			VADDPS(c.Offset(v*s.bytes()), sums[i][v], sums[i][v])
			VMOVUPS(sums[i][v], c.Offset(v*s.bytes()))
		}
		ADDQ(ldc, c.Base)
	}
	VZEROUPPER()
	RET()
}
