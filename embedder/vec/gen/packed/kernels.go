package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// line is how many bytes a line of memory has; rows are whole lines.
const line = 64

// trailer is where, from a row's end, its scale lies; its bias follows.
const trailer = 8

// ahead is how many rows before it is needed a row is asked for.
const ahead = 8

// packedDots multiplies a query of 16-bit values with four rows at a time that lie
// anywhere. Bytes are widened, so that no product saturates. The last four overlap those
// before them when the count is no multiple of four. A row's trailer is multiplied as
// well: the query is 0 there.
func packedDots(s kernel.ISA) {
	kernel.Begin("packedDots"+s.Name, "func(dst *float32, q *int16, rows *uint8, picks *uint32, stride, count int, scale, shift float32)",
		"writes the inner products of q with count rows of stride bytes, those of the",
		"numbers in picks, times scale and the row's own, plus the row's bias and shift; count",
		"is 4 or more, stride a multiple of 64.")
	q, stride := kernel.Word("q"), kernel.Word("stride")
	first, last := GP64(), kernel.Word("count")
	XORQ(first, first)
	SUBQ(Imm(4), last)
	Label("four")
	next, rows := GP64(), []Register{GP64(), GP64(), GP64(), GP64()}
	LEAQ(Mem{Base: first, Disp: ahead}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	ask(next, stride)
	kernel.Pick(rows, first, stride)
	sums := rowSums(s, q, rows, stride)
	x := finish(sums, rows, stride)
	VMOVUPS(x, Mem{Base: kernel.Word("dst"), Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	ADDQ(Imm(4), first)
	CMPQ(first, last)
	CMOVQGT(last, first)
	JMP(LabelRef("four"))
	Label("end")
	kernel.End()
}

// ask asks memory for the four rows from first on.
func ask(first, stride Register) {
	rows := []Register{GP64(), GP64(), GP64(), GP64()}
	kernel.Pick(rows, first, stride)
	at := GP64()
	XORQ(at, at)
	Label("ask")
	for _, row := range rows {
		PREFETCHT0(Mem{Base: row, Index: at, Scale: 1})
	}
	ADDQ(U32(line), at)
	CMPQ(at, stride)
	JNE(LabelRef("ask"))
}

// rowSums returns the inner products of q with four rows in an XMM, as int32.
func rowSums(s kernel.ISA, q Register, rows []Register, stride Register) VecVirtual {
	at := GP64()
	XORQ(at, at)
	sums := zeros(s, 4)
	Label("step")
	for v := 0; v < line; v += 2 * s.Lanes { // a vector of 16-bit values
		x, y := s.Vector(), s.Vector()
		move(s, Mem{Base: q, Index: at, Scale: 2, Disp: 2 * v}, x)
		for i, row := range rows {
			VPMOVSXBW(Mem{Base: row, Index: at, Scale: 1, Disp: v}, y)
			VPMADDWD(y, x, y)
			VPADDD(y, sums[i], sums[i])
		}
	}
	ADDQ(U32(line), at)
	CMPQ(at, stride)
	JNE(LabelRef("step"))
	return s.FoldFour(sums)
}

// zeros returns n cleared vectors of integers.
func zeros(s kernel.ISA, n int) []VecVirtual {
	vs := s.Vectors(n)
	for _, v := range vs {
		if s.Lanes == 16 {
			VPXORD(v, v, v)
		} else {
			VPXOR(v, v, v)
		}
	}
	return vs
}

func move(s kernel.ISA, from Mem, to VecVirtual) {
	if s.Lanes == 16 {
		VMOVDQU64(from, to)
		return
	}
	VMOVDQU(from, to)
}

// finish makes scores of four sums: with scales and biases of the rows' trailers.
func finish(sums VecVirtual, rows []Register, stride Register) VecVirtual {
	pair := func(a, b Register) VecVirtual {
		x := XMM()
		VMOVSD(Mem{Base: a, Index: stride, Scale: 1, Disp: -trailer}, x)
		VMOVHPS(Mem{Base: b, Index: stride, Scale: 1, Disp: -trailer}, x, x)
		return x
	}
	low, high := pair(rows[0], rows[1]), pair(rows[2], rows[3])
	scales, biases, scale, shift := XMM(), XMM(), XMM(), XMM()
	VSHUFPS(Imm(0b10_00_10_00), high, low, scales)
	VSHUFPS(Imm(0b11_01_11_01), high, low, biases)
	VCVTDQ2PS(sums, sums)
	VMULPS(scales, sums, sums)
	VBROADCASTSS(kernel.Argument("scale"), scale)
	VMULPS(scale, sums, sums)
	VADDPS(biases, sums, sums)
	VBROADCASTSS(kernel.Argument("shift"), shift)
	VADDPS(shift, sums, sums)
	return sums
}

// packedAdd adds rows up, 64 columns at a time: their sums stay in registers while all
// rows pass.
func packedAdd(s kernel.ISA) {
	kernel.Begin("packedAdd"+s.Name, "func(sum *float32, weights *float32, rows *uint8, picks *uint32, stride, count int)",
		"adds to sum, of stride values, the bytes of count rows, those of the numbers in",
		"picks, times their scale and weight.")
	sum, weights, picks := kernel.Pointer("sum"), kernel.Word("weights"), kernel.Word("picks")
	base, stride, count := kernel.Word("rows"), kernel.Word("stride"), kernel.Word("count")
	at := GP64()
	XORQ(at, at)
	Label("block")
	sums := make([]VecVirtual, line/s.Lanes)
	for v := range sums {
		sums[v] = s.Vector()
		VMOVUPS(sum.Offset(v*s.Bytes()), sums[v])
	}
	i, row := GP64(), GP64()
	XORQ(i, i)
	Label("row")
	MOVL(Mem{Base: picks, Index: i, Scale: 4}, row.As32())
	IMULQ(stride, row)
	ADDQ(base, row)
	by := s.Vector()
	scale := XMM()
	VMOVSS(Mem{Base: row, Index: stride, Scale: 1, Disp: -trailer}, scale)
	VMULSS(Mem{Base: weights, Index: i, Scale: 4}, scale, scale)
	VBROADCASTSS(scale, by)
	for v := range sums {
		x := s.Vector()
		VPMOVSXBD(Mem{Base: row, Index: at, Scale: 1, Disp: s.Lanes * v}, x)
		VCVTDQ2PS(x, x)
		VFMADD231PS(x, by, sums[v])
	}
	INCQ(i)
	CMPQ(i, count)
	JNE(LabelRef("row"))
	for v := range sums {
		VMOVUPS(sums[v], sum.Offset(v*s.Bytes()))
	}
	kernel.Advance(4*line, sum)
	ADDQ(U32(line), at)
	CMPQ(at, stride)
	JNE(LabelRef("block"))
	kernel.End()
}

// roundTo rounds values to 16 bits, half to even.
func roundTo(s kernel.ISA) {
	kernel.Begin("roundTo"+s.Name, "func(q *int16, x *float32, by float32, n int)",
		"writes n values of x times by to q, rounded; n is a multiple of 16, and not 0.")
	q, x := kernel.Pointer("q"), kernel.Pointer("x")
	by, n := s.Spread(kernel.Argument("by")), kernel.Word("n")
	Label("step")
	for v := 0; v < 16; v += s.Lanes {
		y := s.Vector()
		VMULPS(x.Offset(4*v), by, y)
		VCVTPS2DQ(y, y)
		if s.Lanes == 16 {
			VPMOVSDW(y, q.Offset(2*v))
			continue
		}
		high := XMM()
		VEXTRACTI128(Imm(1), y, high)
		VPACKSSDW(high, y.AsX(), high)
		VMOVDQU(high, q.Offset(2*v))
	}
	ADDQ(Imm(64), x.Base)
	ADDQ(Imm(32), q.Base)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("step"))
	kernel.End()
}

// mulEach multiplies value by value.
func mulEach(s kernel.ISA) {
	kernel.Begin("mulEach"+s.Name, "func(x, y *float32, n int)",
		"multiplies n values of y by those of x; n is a multiple of 16, and not 0.")
	x, y := kernel.Pointer("x"), kernel.Pointer("y")
	n := kernel.Word("n")
	Label("step")
	for v := 0; v < 16; v += s.Lanes {
		z := s.Vector()
		VMOVUPS(y.Offset(4*v), z)
		VMULPS(x.Offset(4*v), z, z)
		VMOVUPS(z, y.Offset(4*v))
	}
	ADDQ(Imm(64), x.Base)
	ADDQ(Imm(64), y.Base)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("step"))
	kernel.End()
}
