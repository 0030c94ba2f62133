package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dot and dot4 sum alike: value i goes to vector i/lanes%4 of four, as long as
// four whole vectors are left, then to the first, and what is less than a vector
// to the first under a mask (AVX-512) or one by one to a sum of its own (AVX2).
// The four are added pairwise, then the halves of an AVX-512 vector; then
// neighbouring lanes twice, and the two lanes left.

func dot(s isa) {
	TEXT("dot"+s.name, NOSPLIT, "func(a, b *float32, n int) float32")
	Pragma("noescape")
	Doc("dot" + s.name + " returns the inner product of n values.")
	a, b := Mem{Base: Load(Param("a"), GP64())}, Mem{Base: Load(Param("b"), GP64())}
	n := Load(Param("n"), GP64()).(GPVirtual)
	y := s.sums(0, a, []Mem{b}, n, nil)[0]
	VHADDPS(y, y, y)
	VHADDPS(y, y, y)
	VMOVSS(lanesLeft(y), result())
	VZEROUPPER()
	RET()
}

func dot4(s isa) {
	TEXT("dot4"+s.name, NOSPLIT, "func(q, r0, r1, r2, r3 *float32, n int) (d0, d1, d2, d3 float32)")
	Pragma("noescape")
	Doc("dot4" + s.name + " returns the inner products of q with four rows of n values.")
	q := Load(Param("q"), GP64()).(GPVirtual)
	var rows []Mem
	for i := range 4 {
		rows = append(rows, Mem{Base: Load(Param(fmt.Sprintf("r%d", i)), GP64())})
	}
	n := Load(Param("n"), GP64()).(GPVirtual)
	x := s.fourSums(q, rows, n, nil)
	VMOVUPS(x, result())
	VZEROUPPER()
	RET()
}

// dotRows is dot4 over rows that follow one another, and asks for the next four
// while it works: the processor's own prefetching stops at the end of a page.
func dotRows(s isa) {
	TEXT("dotRows"+s.name, NOSPLIT, "func(dst, q, rows *float32, n, fours int)")
	Pragma("noescape")
	Doc("dotRows"+s.name+" writes the inner products of q with rows of n values that follow one", "another, 4*fours of them.")
	dst, q := Mem{Base: Load(Param("dst"), GP64())}, Load(Param("q"), GP64()).(GPVirtual)
	n, fours := Load(Param("n"), GP64()).(GPVirtual), Load(Param("fours"), GP64())
	rows := []Mem{{Base: Load(Param("rows"), GP64())}}
	ahead := GP64()
	MOVQ(n, ahead)
	SHLQ(Imm(4), ahead)
	Label("four")
	TESTQ(fours, fours)
	JZ(LabelRef("end"))
	rows = rows[:1]
	for i := range 3 {
		row := GP64()
		LEAQ(Mem{Base: rows[i].Base, Index: n, Scale: 4}, row)
		rows = append(rows, Mem{Base: row})
	}
	x := s.fourSums(q, rows, n, ahead)
	VMOVUPS(x, dst)
	advance(16, dst)
	MOVQ(rows[3].Base, rows[0].Base) // the last row ends where the next begins
	DECQ(fours)
	JMP(LabelRef("four"))
	Label("end")
	VZEROUPPER()
	RET()
}

// dotPicks is dot4 over rows that lie anywhere: it asks for the next four before it
// multiplies. The last four overlap those before them when the count is no multiple of
// four.
func dotPicks(s isa) {
	TEXT("dotPicks"+s.name, NOSPLIT, "func(dst, q, rows *float32, picks *uint32, n, count int)")
	Pragma("noescape")
	Doc("dotPicks"+s.name+" writes the inner products of q with count rows of n values, those of the", "numbers in picks; count is 4 or more.")
	n := Load(Param("n"), GP64()).(GPVirtual)
	first, last := GP64(), Load(Param("count"), GP64())
	XORQ(first, first)
	SUBQ(Imm(4), last)
	Label("four")
	next := GP64()
	LEAQ(Mem{Base: first, Disp: 4}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	for i := range 4 {
		s.prefetch(fmt.Sprintf("ahead%d", i), picked(next, i, n), n)
	}
	var rows []Mem
	for i := range 4 {
		rows = append(rows, Mem{Base: picked(first, i, n)})
	}
	x := s.fourSums(Load(Param("q"), GP64()).(GPVirtual), rows, n, nil)
	VMOVUPS(x, Mem{Base: Load(Param("dst"), GP64()), Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	MOVQ(next, first)
	JMP(LabelRef("four"))
	Label("end")
	VZEROUPPER()
	RET()
}

// picked returns the address of a row of n values, whose number is in picks at
// first+i.
func picked(first Register, i int, n Register) Register {
	row := GP64()
	MOVL(Mem{Base: Load(Param("picks"), GP64()), Index: first, Scale: 4, Disp: 4 * i}, row.As32())
	IMULQ(n, row)
	base := Load(Param("rows"), GP64())
	LEAQ(Mem{Base: base, Index: row, Scale: 4}, row)
	return row
}

// prefetch asks memory for n values from row on, n above 0.
func (s isa) prefetch(label string, row, n Register) {
	end := GP64()
	LEAQ(Mem{Base: row, Index: n, Scale: 4}, end)
	Label(label)
	PREFETCHT0(Mem{Base: row})
	ADDQ(Imm(64), row)
	CMPQ(row, end)
	JCS(LabelRef(label))
}

// fourSums returns the inner products of q with four rows in an XMM. It moves the
// rows behind their end, q and n stay.
func (s isa) fourSums(q GPVirtual, rows []Mem, n GPVirtual, ahead Register) Register {
	group := 4
	if s.lanes == 8 {
		group = 2 // four rows of four sums do not fit 16 registers
	}
	var y []VecPhysical
	for i := 0; i < 4; i += group {
		at, left := GP64(), GP64()
		MOVQ(q, at)
		MOVQ(n, left)
		y = append(y, s.sums(i, Mem{Base: at}, rows[i:i+group], left, ahead)...)
	}
	VHADDPS(y[1], y[0], y[0])
	VHADDPS(y[3], y[2], y[2])
	VHADDPS(y[2], y[0], y[0])
	return lanesLeft(y[0])
}

// lanesLeft adds the halves of y.
func lanesLeft(y VecPhysical) Register {
	x := X4
	VEXTRACTF128(Imm(1), y, x)
	VADDPS(x, y.AsX(), x)
	return x
}

// result is where the first result goes; others follow it.
func result() Mem {
	to, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	return to.Addr
}

// sums leaves the inner product of q with each row in a YMM, to be added up. It
// moves q and the rows behind their end, and n to 0. With ahead it asks for what
// lies as many bytes behind each row.
// The YMM are numbered from first.
func (s isa) sums(first int, q Mem, rows []Mem, n GPVirtual, ahead Register) []VecPhysical {
	label := fmt.Sprint(first)
	sums := make([][]VecVirtual, len(rows))
	for r := range rows {
		sums[r] = s.zeros(4)
	}
	s.dotLoop("wide"+label, q, rows, n, sums, 4, ahead)
	s.dotLoop("one"+label, q, rows, n, sums, 1, ahead)
	if s.lanes == 16 {
		s.dotMasked(label, q, rows, n, sums)
	}
	out := make([]VecPhysical, len(rows))
	for r := range rows {
		out[r] = s.fold(sums[r], first+r)
	}
	if s.lanes == 8 {
		s.dotSingles(label, q, rows, n, out)
	}
	return out
}

// dotLoop takes wide vectors a turn, as long as there are as many.
func (s isa) dotLoop(label string, q Mem, rows []Mem, n GPVirtual, sums [][]VecVirtual, wide int, ahead Register) {
	Label(label)
	CMPQ(n, U32(wide*s.lanes))
	JLT(LabelRef(label + "done"))
	for v := range wide {
		if line := v * s.bytes(); ahead != nil && line%64 == 0 {
			for _, row := range rows {
				PREFETCHT0(Mem{Base: row.Base, Index: ahead, Scale: 1, Disp: line})
			}
		}
		x := s.vector()
		VMOVUPS(q.Offset(v*s.bytes()), x)
		for r, row := range rows {
			VFMADD231PS(row.Offset(v*s.bytes()), x, sums[r][v])
		}
	}
	advance(wide*s.bytes(), append([]Mem{q}, rows...)...)
	SUBQ(U32(wide*s.lanes), n)
	JMP(LabelRef(label))
	Label(label + "done")
}

// dotMasked takes what is less than a vector, with AVX-512.
func (s isa) dotMasked(label string, q Mem, rows []Mem, n GPVirtual, sums [][]VecVirtual) {
	TESTQ(n, n)
	JZ(LabelRef("even" + label))
	k := tailMask(n)
	x, y := s.vector(), s.vector()
	VMOVUPS_Z(q, k, x)
	for r, row := range rows {
		VMOVUPS_Z(row, k, y)
		VFMADD231PS(y, x, sums[r][0])
		LEAQ(Mem{Base: row.Base, Index: n, Scale: 4}, row.Base)
	}
	Label("even" + label)
}

// dotSingles takes what is less than a vector, one value a turn, and adds it to
// the first lane of out.
func (s isa) dotSingles(label string, q Mem, rows []Mem, n GPVirtual, out []VecPhysical) {
	TESTQ(n, n)
	JZ(LabelRef("even" + label))
	tails := s.zeros(len(rows))
	Label("single" + label)
	x := XMM()
	VMOVSS(q, x)
	for r, row := range rows {
		VFMADD231SS(row, x, tails[r].AsX()) // clears the upper half of the YMM
	}
	advance(4, append([]Mem{q}, rows...)...)
	DECQ(n)
	JNZ(LabelRef("single" + label))
	for r := range rows {
		VADDPS(tails[r], out[r], out[r])
	}
	Label("even" + label)
}

// advance moves pointers by n bytes.
func advance(n int, ms ...Mem) {
	for _, m := range ms {
		ADDQ(U32(n), m.Base)
	}
}

// axpy fuses the multiplication with the addition for every value, so that a
// value's result does not depend on its place.
func axpy(s isa) {
	TEXT("axpy"+s.name, NOSPLIT, "func(alpha float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("axpy" + s.name + " adds alpha times n values of x to y.")
	alpha := s.vector()
	from, err := Param("alpha").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(from.Addr, alpha)
	x, y := Mem{Base: Load(Param("x"), GP64())}, Mem{Base: Load(Param("y"), GP64())}
	n := Load(Param("n"), GP64()).(GPVirtual)
	for _, wide := range []int{4, 1} {
		label := fmt.Sprintf("by%d", wide)
		Label(label)
		CMPQ(n, U32(wide*s.lanes))
		JLT(LabelRef(label + "done"))
		for v := range wide {
			sum := s.vector()
			VMOVUPS(y.Offset(v*s.bytes()), sum)
			VFMADD231PS(x.Offset(v*s.bytes()), alpha, sum)
			VMOVUPS(sum, y.Offset(v*s.bytes()))
		}
		advance(wide*s.bytes(), x, y)
		SUBQ(U32(wide*s.lanes), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	s.axpyTail(alpha, x, y, n)
	VZEROUPPER()
	RET()
}

func (s isa) axpyTail(alpha VecVirtual, x, y Mem, n GPVirtual) {
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	if s.lanes == 16 {
		k := tailMask(n)
		v, sum := s.vector(), s.vector()
		VMOVUPS_Z(x, k, v)
		VMOVUPS_Z(y, k, sum)
		VFMADD231PS(v, alpha, sum)
		VMOVUPS(sum, k, y)
	} else {
		sum := XMM()
		VMOVSS(y, sum)
		VFMADD231SS(x, alpha.AsX(), sum)
		VMOVSS(sum, y)
		advance(4, x, y)
		DECQ(n)
		JMP(LabelRef("tail"))
	}
	Label("done")
}
