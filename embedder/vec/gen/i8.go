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

	// The same where bytes of q are signed and those of rows are not.
	loadSigned  func(q Mem) VecVirtual
	addUnsigned func(row Mem, q, sum VecVirtual)
}

var (
	vnni = i8{
		isa: avx512, name: "VNNI", step: 64,
		load: func(q Mem) VecVirtual { x := ZMM(); VMOVDQU64(q, x); return x },
		add:  func(row Mem, q, sum VecVirtual) { vpdpbusd(row, q, sum) },

		loadSigned:  func(q Mem) VecVirtual { x := ZMM(); VMOVDQU64(q, x); return x },
		addUnsigned: func(row Mem, q, sum VecVirtual) { x := ZMM(); VMOVDQU64(row, x); vpdpbusd(q, x, sum) },
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
		loadSigned: func(q Mem) VecVirtual { x := YMM(); VPMOVSXBW(q, x); return x },
		addUnsigned: func(row Mem, q, sum VecVirtual) {
			y := YMM()
			VPMOVZXBW(row, y)
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
	return s.foldFour(sums)
}

// foldFour adds up the lanes of each of four sums, to the lanes of an XMM.
func (s i8) foldFour(sums []VecVirtual) VecVirtual {
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

// dotI8Picks multiplies q with four rows at a time that lie anywhere, and asks for the
// next four while it works. The last four overlap those before them when the count is
// no multiple of four. Bytes of rows are the unsigned ones here.
func dotI8Picks(s i8) {
	name := "dotI8Picks" + s.name
	TEXT(name, NOSPLIT, "func(dst *int32, q *int8, rows *uint8, picks *uint32, n, count int)")
	Pragma("noescape")
	Doc(name+" writes the inner products of q with count rows of n bytes, those of the",
		fmt.Sprintf("numbers in picks; count is 4 or more, n a multiple of %d.", s.step))
	q, n := Load(Param("q"), GP64()), Load(Param("n"), GP64())
	first, last := GP64(), Load(Param("count"), GP64())
	XORQ(first, first)
	SUBQ(Imm(4), last)
	rows := []Register{GP64(), GP64(), GP64(), GP64()}
	ahead := []Register{GP64(), GP64(), GP64(), GP64()}
	s.picked(rows, first, n)
	Label("four")
	next := GP64()
	LEAQ(Mem{Base: first, Disp: 4}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	s.picked(ahead, next, n)
	sums := s.pickSums(q, rows, ahead, n)
	dst := Load(Param("dst"), GP64())
	VMOVDQU(sums, Mem{Base: dst, Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	MOVQ(next, first)
	for i := range rows {
		MOVQ(ahead[i], rows[i])
	}
	JMP(LabelRef("four"))
	Label("end")
	VZEROUPPER()
	RET()
}

// picked sets to to the addresses of four rows of n bytes, whose numbers are in picks
// from first on.
func (s i8) picked(to []Register, first, n Register) {
	picks, base := Load(Param("picks"), GP64()), Load(Param("rows"), GP64())
	for i, row := range to {
		MOVL(Mem{Base: picks, Index: first, Scale: 4, Disp: 4 * i}, row.(GPVirtual).As32())
		IMULQ(n, row)
		ADDQ(base, row)
	}
}

// pickSums returns the inner products of q with four rows in an XMM, and asks memory
// for as many bytes from each of ahead on.
func (s i8) pickSums(q Register, rows, ahead []Register, n Register) VecVirtual {
	at := GP64()
	XORQ(at, at)
	sums := s.zeros(4)
	Label("step")
	x := s.loadSigned(Mem{Base: q, Index: at, Scale: 1})
	for i, row := range rows {
		PREFETCHT0(Mem{Base: ahead[i], Index: at, Scale: 1})
		s.addUnsigned(Mem{Base: row, Index: at, Scale: 1}, x, sums[i])
	}
	ADDQ(U32(s.step), at)
	CMPQ(at, n)
	JNE(LabelRef("step"))
	return s.foldFour(sums)
}

// vpdpbusd adds the products of unsigned bytes in u and signed bytes in i, by fours,
// to sum. avo v0.5.0 does not list AVX-512 VNNI.
func vpdpbusd(i Op, u, sum VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Operands: []Op{i, u, sum},
		Inputs:   []Op{i, u, sum},
		Outputs:  []Op{sum},
	})
}
