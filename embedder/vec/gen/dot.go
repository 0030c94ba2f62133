package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// dot and dot4 sum alike: value i goes to vector i/lanes%4 of four, as long as
// four whole vectors are left, then to the first, and what is less than a vector
// to the first under a mask (AVX-512) or one by one to a sum of its own (AVX2).
// The four are added pairwise, then the halves of an AVX-512 vector; then
// neighbouring lanes twice, and the two lanes left.

func dot(s kernel.ISA) {
	kernel.Begin("dot"+s.Name, "func(a, b *float32, n int) float32",
		"returns the inner product of n values.")
	a, b := kernel.Pointer("a"), kernel.Pointer("b")
	n := kernel.Word("n")
	y := dotSums(s, 0, a, []Mem{b}, n, nil)[0]
	VHADDPS(y, y, y)
	VHADDPS(y, y, y)
	VMOVSS(lanesLeft(y), result())
	kernel.End()
}

func dot4(s kernel.ISA) {
	kernel.Begin("dot4"+s.Name, "func(q, r0, r1, r2, r3 *float32, n int) (d0, d1, d2, d3 float32)",
		"returns the inner products of q with four rows of n values.")
	q := kernel.Word("q")
	var rows []Mem
	for i := range 4 {
		rows = append(rows, kernel.Pointer(fmt.Sprintf("r%d", i)))
	}
	n := kernel.Word("n")
	x := fourSums(s, q, rows, n, nil)
	VMOVUPS(x, result())
	kernel.End()
}

// dotRows is dot4 over rows that follow one another, and asks for the next four
// while it works: the processor's own prefetching stops at the end of a page.
func dotRows(s kernel.ISA) {
	kernel.Begin("dotRows"+s.Name, "func(dst, q, rows *float32, n, fours int)",
		"writes the inner products of q with rows of n values that follow one",
		"another, 4*fours of them.")
	dst, q := kernel.Pointer("dst"), kernel.Word("q")
	n, fours := kernel.Word("n"), kernel.Word("fours")
	rows := []Mem{kernel.Pointer("rows")}
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
	x := fourSums(s, q, rows, n, ahead)
	VMOVUPS(x, dst)
	kernel.Advance(16, dst)
	MOVQ(rows[3].Base, rows[0].Base) // the last row ends where the next begins
	DECQ(fours)
	JMP(LabelRef("four"))
	Label("end")
	kernel.End()
}

// dotPicks is dot4 over rows that lie anywhere: it asks for the next four before it
// multiplies. The last four overlap those before them when the count is no multiple of
// four.
func dotPicks(s kernel.ISA) {
	kernel.Begin("dotPicks"+s.Name, "func(dst, q, rows *float32, picks *uint32, n, count int)",
		"writes the inner products of q with count rows of n values, those of the",
		"numbers in picks; count is 4 or more.")
	n := kernel.Word("n")
	first, last := GP64(), kernel.Word("count")
	XORQ(first, first)
	SUBQ(Imm(4), last)
	Label("four")
	next := GP64()
	LEAQ(Mem{Base: first, Disp: 4}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	for i := range 4 {
		prefetch(fmt.Sprintf("ahead%d", i), picked(next, i, n), n)
	}
	var rows []Mem
	for i := range 4 {
		rows = append(rows, Mem{Base: picked(first, i, n)})
	}
	x := fourSums(s, kernel.Word("q"), rows, n, nil)
	VMOVUPS(x, Mem{Base: kernel.Word("dst"), Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	MOVQ(next, first)
	JMP(LabelRef("four"))
	Label("end")
	kernel.End()
}

// picked returns the address of a row of n values, whose number is in picks at
// first+i.
func picked(first Register, i int, n Register) Register {
	row := GP64()
	MOVL(Mem{Base: kernel.Word("picks"), Index: first, Scale: 4, Disp: 4 * i}, row.As32())
	IMULQ(n, row)
	base := kernel.Word("rows")
	LEAQ(Mem{Base: base, Index: row, Scale: 4}, row)
	return row
}

// prefetch asks memory for n values from row on, n above 0.
func prefetch(label string, row, n Register) {
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
func fourSums(s kernel.ISA, q GPVirtual, rows []Mem, n GPVirtual, ahead Register) Register {
	group := 4
	if s.Lanes == 8 {
		group = 2 // four rows of four sums do not fit 16 registers
	}
	var y []VecPhysical
	for i := 0; i < 4; i += group {
		at, left := GP64(), GP64()
		MOVQ(q, at)
		MOVQ(n, left)
		y = append(y, dotSums(s, i, Mem{Base: at}, rows[i:i+group], left, ahead)...)
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

// dotSums leaves the inner product of q with each row in a YMM, to be added up. It
// moves q and the rows behind their end, and n to 0. With ahead it asks for what
// lies as many bytes behind each row.
// The YMM are numbered from first.
func dotSums(s kernel.ISA, first int, q Mem, rows []Mem, n GPVirtual, ahead Register) []VecPhysical {
	label := fmt.Sprint(first)
	sums := make([][]VecVirtual, len(rows))
	for r := range rows {
		sums[r] = s.Zeros(4)
	}
	dotLoop(s, "wide"+label, q, rows, n, sums, 4, ahead)
	dotLoop(s, "one"+label, q, rows, n, sums, 1, ahead)
	if s.Lanes == 16 {
		dotMasked(s, label, q, rows, n, sums)
	}
	out := make([]VecPhysical, len(rows))
	for r := range rows {
		out[r] = fold(s, sums[r], first+r)
	}
	if s.Lanes == 8 {
		dotSingles(s, label, q, rows, n, out)
	}
	return out
}

// fold adds four vectors, pairwise, and the halves of an AVX-512 one, to a YMM.
// That is one of the first 16 registers, by number: VHADDPS reaches no others.
func fold(s kernel.ISA, v []VecVirtual, number int) VecPhysical {
	VADDPS(v[1], v[0], v[0])
	VADDPS(v[3], v[2], v[2])
	low := []VecPhysical{Y0, Y1, Y2, Y3}[number]
	if s.Lanes == 8 {
		VADDPS(v[2], v[0], low)
		return low
	}
	VADDPS(v[2], v[0], v[0])
	VEXTRACTF64X4(Imm(1), v[0], v[1].AsY())
	VADDPS(v[0].AsY(), v[1].AsY(), low)
	return low
}

// dotLoop takes wide vectors a turn, as long as there are as many.
func dotLoop(s kernel.ISA, label string, q Mem, rows []Mem, n GPVirtual, sums [][]VecVirtual, wide int, ahead Register) {
	Label(label)
	CMPQ(n, U32(wide*s.Lanes))
	JLT(LabelRef(label + "done"))
	for v := range wide {
		if line := v * s.Bytes(); ahead != nil && line%64 == 0 {
			for _, row := range rows {
				PREFETCHT0(Mem{Base: row.Base, Index: ahead, Scale: 1, Disp: line})
			}
		}
		x := s.Vector()
		VMOVUPS(q.Offset(v*s.Bytes()), x)
		for r, row := range rows {
			VFMADD231PS(row.Offset(v*s.Bytes()), x, sums[r][v])
		}
	}
	kernel.Advance(wide*s.Bytes(), append([]Mem{q}, rows...)...)
	SUBQ(U32(wide*s.Lanes), n)
	JMP(LabelRef(label))
	Label(label + "done")
}

// dotMasked takes what is less than a vector, with AVX-512.
func dotMasked(s kernel.ISA, label string, q Mem, rows []Mem, n GPVirtual, sums [][]VecVirtual) {
	TESTQ(n, n)
	JZ(LabelRef("even" + label))
	k := kernel.LowLanes(n)
	x, y := s.Vector(), s.Vector()
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
func dotSingles(s kernel.ISA, label string, q Mem, rows []Mem, n GPVirtual, out []VecPhysical) {
	TESTQ(n, n)
	JZ(LabelRef("even" + label))
	tails := s.Zeros(len(rows))
	Label("single" + label)
	x := XMM()
	VMOVSS(q, x)
	for r, row := range rows {
		VFMADD231SS(row, x, tails[r].AsX()) // clears the upper half of the YMM
	}
	kernel.Advance(4, append([]Mem{q}, rows...)...)
	DECQ(n)
	JNZ(LabelRef("single" + label))
	for r := range rows {
		VADDPS(tails[r], out[r], out[r])
	}
	Label("even" + label)
}

// axpy fuses the multiplication with the addition for every value, so that a
// value's result does not depend on its place.
func axpy(s kernel.ISA) {
	kernel.Begin("axpy"+s.Name, "func(alpha float32, x, y *float32, n int)",
		"adds alpha times n values of x to y.")
	alpha := s.Spread(kernel.Argument("alpha"))
	x, y := kernel.Pointer("x"), kernel.Pointer("y")
	n := kernel.Word("n")
	for _, wide := range []int{4, 1} {
		label := fmt.Sprintf("by%d", wide)
		Label(label)
		CMPQ(n, U32(wide*s.Lanes))
		JLT(LabelRef(label + "done"))
		for v := range wide {
			sum := s.Vector()
			VMOVUPS(y.Offset(v*s.Bytes()), sum)
			VFMADD231PS(x.Offset(v*s.Bytes()), alpha, sum)
			VMOVUPS(sum, y.Offset(v*s.Bytes()))
		}
		kernel.Advance(wide*s.Bytes(), x, y)
		SUBQ(U32(wide*s.Lanes), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	axpyTail(s, alpha, x, y, n)
	kernel.End()
}

func axpyTail(s kernel.ISA, alpha VecVirtual, x, y Mem, n GPVirtual) {
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	if s.Lanes == 16 {
		k := kernel.LowLanes(n)
		v, sum := s.Vector(), s.Vector()
		VMOVUPS_Z(x, k, v)
		VMOVUPS_Z(y, k, sum)
		VFMADD231PS(v, alpha, sum)
		VMOVUPS(sum, k, y)
	} else {
		sum := XMM()
		VMOVSS(y, sum)
		VFMADD231SS(x, alpha.AsX(), sum)
		VMOVSS(sum, y)
		kernel.Advance(4, x, y)
		DECQ(n)
		JMP(LabelRef("tail"))
	}
	Label("done")
}
