package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An i8 says how bytes are multiplied: step at a time, those of q loaded once for
// several rows.
type i8 struct {
	isa
	name string
	step int
	load func(q Mem) VecVirtual
	add  func(row Mem, q, sum VecVirtual) // to the int32 lanes of sum
}

var (
	vnni = i8{
		isa: avx512, name: "VNNI", step: 64,
		load: func(q Mem) VecVirtual { x := ZMM(); VMOVDQU64(q, x); return x },
		add:  vpdpbusd,
	}
	// Both are widened to 16 bits: the byte multiplication of AVX2 saturates
	// from 2*128*128 on.
	widened = i8{
		isa: avx2, name: "AVX2", step: 16,
		load: func(q Mem) VecVirtual { x := YMM(); VPMOVZXBW(q, x); return x },
		add: func(row Mem, q, sum VecVirtual) {
			y := YMM()
			VPMOVSXBW(row, y)
			VPMADDWD(y, q, y)
			VPADDD(y, sum, sum)
		},
	}
)

// dotI8 takes two steps a turn, each with a sum of its own, then one.
func dotI8(s i8) {
	name := "dotI8" + s.name
	TEXT(name, NOSPLIT, "func(a *uint8, b *int8, n int) int32")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s returns the inner product of n pairs of bytes, n a multiple of %d.", name, s.step))
	a, b := Mem{Base: Load(Param("a"), GP64())}, Mem{Base: Load(Param("b"), GP64())}
	n := Load(Param("n"), GP64())
	sums := s.zeros(2)
	for _, wide := range []int{2, 1} {
		label := fmt.Sprintf("by%d", wide)
		Label(label)
		CMPQ(n, U32(s.step*wide))
		JLT(LabelRef(label + "done"))
		for v := range wide {
			s.add(b.Offset(v*s.step), s.load(a.Offset(v*s.step)), sums[v])
		}
		advance(s.step*wide, a, b)
		SUBQ(U32(s.step*wide), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	VPADDD(sums[1], sums[0], sums[0])
	y, x, out := s.half(sums[0]), XMM(), GP32()
	VEXTRACTI128(Imm(1), y, x)
	VPADDD(y.AsX(), x, x)
	VPHADDD(x, x, x)
	VPHADDD(x, x, x)
	VMOVD(x, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}

// half adds the halves of an AVX-512 vector; a YMM is left as it is.
func (s i8) half(v VecVirtual) VecVirtual {
	if s.lanes == 8 {
		return v
	}
	y := YMM()
	VEXTRACTI64X4(Imm(1), v, y)
	VPADDD(v.AsY(), y, y)
	return y
}

// dotI8Rows multiplies q with four rows at once that follow one another, and asks
// for the next four while it works; see dotRows.
func dotI8Rows(s i8) {
	name := "dotI8Rows" + s.name
	TEXT(name, NOSPLIT, "func(dst *int32, q *uint8, rows *int8, n, fours int)")
	Pragma("noescape")
	Doc(name+" writes the inner products of q with rows of n bytes that follow one another,",
		fmt.Sprintf("4*fours of them; n is a multiple of %d.", s.step))
	dst, q := Mem{Base: Load(Param("dst"), GP64())}, Load(Param("q"), GP64())
	rows := []Mem{{Base: Load(Param("rows"), GP64())}}
	n, fours := Load(Param("n"), GP64()), Load(Param("fours"), GP64())
	ahead := GP64()
	MOVQ(n, ahead)
	SHLQ(Imm(2), ahead)
	Label("four")
	TESTQ(fours, fours)
	JZ(LabelRef("end"))
	for i := range 3 {
		row := GP64()
		LEAQ(Mem{Base: rows[i].Base, Index: n, Scale: 1}, row)
		rows = append(rows, Mem{Base: row})
	}
	VMOVDQU(s.fourSums(q, rows, n, ahead), dst)
	advance(16, dst)
	MOVQ(rows[3].Base, rows[0].Base)
	DECQ(fours)
	JMP(LabelRef("four"))
	Label("end")
	VZEROUPPER()
	RET()
}

// fourSums returns the inner products of q with four rows in an XMM. It moves the
// rows behind their end.
func (s i8) fourSums(q Register, rows []Mem, n, ahead Register) VecVirtual {
	at, left := Mem{Base: GP64()}, GP64()
	MOVQ(q, at.Base)
	MOVQ(n, left)
	sums := s.zeros(4)
	Label("step")
	x := s.load(at)
	for i, row := range rows {
		PREFETCHT0(Mem{Base: row.Base, Index: ahead, Scale: 1})
		s.add(row, x, sums[i])
	}
	advance(s.step, append([]Mem{at}, rows...)...)
	SUBQ(U32(s.step), left)
	JNZ(LabelRef("step"))
	for i, sum := range sums {
		sums[i] = s.half(sum)
	}
	VPHADDD(sums[1], sums[0], sums[0])
	VPHADDD(sums[3], sums[2], sums[2])
	VPHADDD(sums[2], sums[0], sums[0])
	out := XMM()
	VEXTRACTI128(Imm(1), sums[0], out)
	VPADDD(sums[0].AsX(), out, out)
	return out
}

// vpdpbusd adds the products of unsigned bytes in q and signed bytes in the row,
// by fours, to sum. avo v0.5.0 does not list AVX-512 VNNI.
func vpdpbusd(row Mem, q, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Operands: []Op{row, q, sum},
		Inputs:   []Op{row, q, sum},
		Outputs:  []Op{sum},
	})
}
