package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// An i8 says how bytes are multiplied: step at a time, those of q loaded once for
// several rows.
type i8 struct {
	isa  kernel.ISA
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
		isa: kernel.AVX512, name: "VNNI", step: 64,
		load: func(q Mem) VecVirtual { x := ZMM(); VMOVDQU64(q, x); return x },
		add:  func(row Mem, q, sum VecVirtual) { vpdpbusd(row, q, sum) },

		loadSigned:  func(q Mem) VecVirtual { x := ZMM(); VMOVDQU64(q, x); return x },
		addUnsigned: func(row Mem, q, sum VecVirtual) { x := ZMM(); VMOVDQU64(row, x); vpdpbusd(q, x, sum) },
	}
	// Both are widened to 16 bits: the byte multiplication of AVX2 saturates
	// from 2*128*128 on.
	widened = i8{
		isa: kernel.AVX2, name: "AVX2", step: 16,
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
	kernel.Begin("dotI8"+s.name, "func(a *uint8, b *int8, n int) int32",
		fmt.Sprintf("returns the inner product of n pairs of bytes, n a multiple of %d.", s.step))
	a, b := kernel.Pointer("a"), kernel.Pointer("b")
	n := kernel.Word("n")
	sums := s.isa.Zeros(2)
	for _, wide := range []int{2, 1} {
		label := fmt.Sprintf("by%d", wide)
		Label(label)
		CMPQ(n, U32(s.step*wide))
		JLT(LabelRef(label + "done"))
		for v := range wide {
			s.add(b.Offset(v*s.step), s.load(a.Offset(v*s.step)), sums[v])
		}
		kernel.Advance(s.step*wide, a, b)
		SUBQ(U32(s.step*wide), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	VPADDD(sums[1], sums[0], sums[0])
	y, x, out := s.isa.Half(sums[0]), XMM(), GP32()
	VEXTRACTI128(Imm(1), y, x)
	VPADDD(y.AsX(), x, x)
	VPHADDD(x, x, x)
	VPHADDD(x, x, x)
	VMOVD(x, out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}

// dotI8Rows multiplies q with four rows at once that follow one another, and asks
// for the next four while it works; see dotRows.
func dotI8Rows(s i8) {
	kernel.Begin("dotI8Rows"+s.name, "func(dst *int32, q *uint8, rows *int8, n, fours int)",
		"writes the inner products of q with rows of n bytes that follow one another,",
		fmt.Sprintf("4*fours of them; n is a multiple of %d.", s.step))
	dst, q := kernel.Pointer("dst"), kernel.Word("q")
	rows := []Mem{kernel.Pointer("rows")}
	n, fours := kernel.Word("n"), kernel.Word("fours")
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
	kernel.Advance(16, dst)
	MOVQ(rows[3].Base, rows[0].Base)
	DECQ(fours)
	JMP(LabelRef("four"))
	Label("end")
	kernel.End()
}

// fourSums returns the inner products of q with four rows in an XMM. It moves the
// rows behind their end.
func (s i8) fourSums(q Register, rows []Mem, n, ahead Register) VecVirtual {
	at, left := Mem{Base: GP64()}, GP64()
	MOVQ(q, at.Base)
	MOVQ(n, left)
	sums := s.isa.Zeros(4)
	Label("step")
	x := s.load(at)
	for i, row := range rows {
		PREFETCHT0(Mem{Base: row.Base, Index: ahead, Scale: 1})
		s.add(row, x, sums[i])
	}
	kernel.Advance(s.step, append([]Mem{at}, rows...)...)
	SUBQ(U32(s.step), left)
	JNZ(LabelRef("step"))
	return s.isa.FoldFour(sums)
}

// dotI8Picks multiplies q with four rows at a time that lie anywhere, and asks for the
// next four while it works. The last four overlap those before them when the count is
// no multiple of four. Bytes of rows are the unsigned ones here.
func dotI8Picks(s i8) {
	kernel.Begin("dotI8Picks"+s.name, "func(dst *int32, q *int8, rows *uint8, picks *uint32, n, count int)",
		"writes the inner products of q with count rows of n bytes, those of the",
		fmt.Sprintf("numbers in picks; count is 4 or more, n a multiple of %d.", s.step))
	q, n := kernel.Word("q"), kernel.Word("n")
	first, last := GP64(), kernel.Word("count")
	XORQ(first, first)
	SUBQ(Imm(4), last)
	rows := []Register{GP64(), GP64(), GP64(), GP64()}
	ahead := []Register{GP64(), GP64(), GP64(), GP64()}
	kernel.Pick(rows, first, n)
	Label("four")
	next := GP64()
	LEAQ(Mem{Base: first, Disp: 4}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	kernel.Pick(ahead, next, n)
	sums := s.pickSums(q, rows, ahead, n)
	dst := kernel.Word("dst")
	VMOVDQU(sums, Mem{Base: dst, Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	MOVQ(next, first)
	for i := range rows {
		MOVQ(ahead[i], rows[i])
	}
	JMP(LabelRef("four"))
	Label("end")
	kernel.End()
}

// pickSums returns the inner products of q with four rows in an XMM, and asks memory
// for as many bytes from each of ahead on.
func (s i8) pickSums(q Register, rows, ahead []Register, n Register) VecVirtual {
	at := GP64()
	XORQ(at, at)
	sums := s.isa.Zeros(4)
	Label("step")
	x := s.loadSigned(Mem{Base: q, Index: at, Scale: 1})
	for i, row := range rows {
		PREFETCHT0(Mem{Base: ahead[i], Index: at, Scale: 1})
		s.addUnsigned(Mem{Base: row, Index: at, Scale: 1}, x, sums[i])
	}
	ADDQ(U32(s.step), at)
	CMPQ(at, n)
	JNE(LabelRef("step"))
	return s.isa.FoldFour(sums)
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
