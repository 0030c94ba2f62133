package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotI8VNNI multiplies 128 pairs of bytes a turn, then 64.
func dotI8VNNI() {
	TEXT("dotI8VNNI", NOSPLIT, "func(a *uint8, b *int8, n int) int32")
	Pragma("noescape")
	Doc("dotI8VNNI returns the inner product of n pairs of bytes, n a multiple of 64.")
	a, b := Mem{Base: Load(Param("a"), GP64())}, Mem{Base: Load(Param("b"), GP64())}
	n := Load(Param("n"), GP64())
	sums := avx512.zeros(2)
	for _, wide := range []int{2, 1} {
		label := map[int]string{2: "two", 1: "one"}[wide]
		Label(label)
		CMPQ(n, U32(64*wide))
		JLT(LabelRef(label + "done"))
		for v := range wide {
			x := ZMM()
			VMOVDQU64(a.Offset(64*v), x)
			vpdpbusd(b.Offset(64*v), x, sums[v])
		}
		advance(64*wide, a, b)
		SUBQ(U32(64*wide), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	VPADDD(sums[1], sums[0], sums[0])
	high := YMM()
	VEXTRACTI64X4(Imm(1), sums[0], high)
	VPADDD(high, sums[0].AsY(), high)
	storeInts(high)
}

// vpdpbusd adds the products of unsigned bytes in a and signed bytes in b, by
// fours, to the int32 of sum. avo v0.5.0 does not list AVX-512 VNNI.
func vpdpbusd(b Mem, a, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Operands: []Op{b, a, sum},
		Inputs:   []Op{b, a, sum},
		Outputs:  []Op{sum},
	})
}

// dotI8AVX2 widens both to 16 bits: the byte multiplication of AVX2 saturates
// from 2*128*128 on.
func dotI8AVX2() {
	TEXT("dotI8AVX2", NOSPLIT, "func(a *uint8, b *int8, n int) int32")
	Pragma("noescape")
	Doc("dotI8AVX2 returns the inner product of n pairs of bytes, n a multiple of 32.")
	a, b := Mem{Base: Load(Param("a"), GP64())}, Mem{Base: Load(Param("b"), GP64())}
	n := Load(Param("n"), GP64())
	sums := avx2.zeros(2)
	Label("loop")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	for v := range 2 {
		x, y := YMM(), YMM()
		VPMOVZXBW(a.Offset(16*v), x)
		VPMOVSXBW(b.Offset(16*v), y)
		VPMADDWD(y, x, x)
		VPADDD(x, sums[v], sums[v])
	}
	advance(32, a, b)
	SUBQ(Imm(32), n)
	JMP(LabelRef("loop"))
	Label("done")
	VPADDD(sums[1], sums[0], sums[0])
	storeInts(sums[0])
}

// storeInts returns the sum of eight int32.
func storeInts(y VecVirtual) {
	x, out := XMM(), GP32()
	VEXTRACTI128(Imm(1), y, x)
	VPADDD(x, y.AsX(), x)
	VPHADDD(x, x, x)
	VPHADDD(x, x, x)
	VMOVD(x, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}
