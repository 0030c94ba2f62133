package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ahead is how many rows before it is needed a row is asked for.
const ahead = 8

// packedDots multiplies a query of 16-bit values with four rows at a time that lie
// anywhere. Bytes are widened, so that no product saturates. The last four overlap those
// before them when the count is no multiple of four. A row's trailer is multiplied as
// well: the query is 0 there.
func packedDots(s isa) {
	name := "packedDots" + s.name
	TEXT(name, NOSPLIT, "func(dst *float32, q *int16, rows *uint8, picks *uint32, stride, count int, scale, shift float32)")
	Pragma("noescape")
	Doc(name+" writes the inner products of q with count rows of stride bytes, those of the",
		"numbers in picks, times scale and the row's own, plus the row's bias and shift; count",
		"is 4 or more, stride a multiple of 64.")
	q, stride := Load(Param("q"), GP64()), Load(Param("stride"), GP64())
	first, last := GP64(), Load(Param("count"), GP64())
	XORQ(first, first)
	SUBQ(Imm(4), last)
	Label("four")
	next, rows := GP64(), []Register{GP64(), GP64(), GP64(), GP64()}
	LEAQ(Mem{Base: first, Disp: ahead}, next)
	CMPQ(next, last)
	CMOVQGT(last, next)
	ask(next, stride)
	picked(rows, first, stride)
	sums := s.rowSums(q, rows, stride)
	x := s.finish(sums, rows, stride)
	VMOVUPS(x, Mem{Base: Load(Param("dst"), GP64()), Index: first, Scale: 4})
	CMPQ(first, last)
	JE(LabelRef("end"))
	ADDQ(Imm(4), first)
	CMPQ(first, last)
	CMOVQGT(last, first)
	JMP(LabelRef("four"))
	Label("end")
	end()
}

// picked sets to to the addresses of rows of stride bytes, whose numbers are in picks
// from first on.
func picked(to []Register, first, stride Register) {
	picks, base := Load(Param("picks"), GP64()), Load(Param("rows"), GP64())
	for i, row := range to {
		MOVL(Mem{Base: picks, Index: first, Scale: 4, Disp: 4 * i}, row.(GPVirtual).As32())
		IMULQ(stride, row)
		ADDQ(base, row)
	}
}

// ask asks memory for the four rows from first on.
func ask(first, stride Register) {
	rows := []Register{GP64(), GP64(), GP64(), GP64()}
	picked(rows, first, stride)
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
func (s isa) rowSums(q Register, rows []Register, stride Register) VecVirtual {
	at := GP64()
	XORQ(at, at)
	sums := s.zeros(4)
	Label("step")
	for v := 0; v < line; v += s.words() {
		x, y := s.vector(), s.vector()
		s.move(Mem{Base: q, Index: at, Scale: 2, Disp: 2 * v}, x)
		for i, row := range rows {
			VPMOVSXBW(Mem{Base: row, Index: at, Scale: 1, Disp: v}, y)
			VPMADDWD(y, x, y)
			VPADDD(y, sums[i], sums[i])
		}
	}
	ADDQ(U32(line), at)
	CMPQ(at, stride)
	JNE(LabelRef("step"))
	return s.foldFour(sums)
}

func (s isa) move(from Mem, to VecVirtual) {
	if s.lanes == 16 {
		VMOVDQU64(from, to)
		return
	}
	VMOVDQU(from, to)
}

// finish makes scores of four sums: with scales and biases of the rows' trailers.
func (s isa) finish(sums VecVirtual, rows []Register, stride Register) VecVirtual {
	pair := func(a, b Register) VecVirtual {
		x := XMM()
		VMOVSD(Mem{Base: a, Index: stride, Scale: 1, Disp: -trailer}, x)
		VMOVHPS(Mem{Base: b, Index: stride, Scale: 1, Disp: -trailer}, x, x)
		return x
	}
	low, high := pair(rows[0], rows[1]), pair(rows[2], rows[3])
	scales, biases := XMM(), XMM()
	VSHUFPS(Imm(0b10_00_10_00), high, low, scales)
	VSHUFPS(Imm(0b11_01_11_01), high, low, biases)
	VCVTDQ2PS(sums, sums)
	VMULPS(scales, sums, sums)
	VMULPS(spread("scale", XMM()), sums, sums)
	VADDPS(biases, sums, sums)
	VADDPS(spread("shift", XMM()), sums, sums)
	return sums
}

// packedAdd adds rows up, 64 columns at a time: their sums stay in registers while all
// rows pass.
func packedAdd(s isa) {
	name := "packedAdd" + s.name
	TEXT(name, NOSPLIT, "func(sum *float32, weights *float32, rows *uint8, picks *uint32, stride, count int)")
	Pragma("noescape")
	Doc(name+" adds to sum, of stride values, the bytes of count rows, those of the numbers in",
		"picks, times their scale and weight.")
	sum, weights, picks := Mem{Base: Load(Param("sum"), GP64())}, Load(Param("weights"), GP64()), Load(Param("picks"), GP64())
	base, stride, count := Load(Param("rows"), GP64()), Load(Param("stride"), GP64()), Load(Param("count"), GP64())
	at := GP64()
	XORQ(at, at)
	Label("block")
	sums := make([]VecVirtual, line/s.lanes)
	for v := range sums {
		sums[v] = s.vector()
		VMOVUPS(sum.Offset(4*s.lanes*v), sums[v])
	}
	i, row := GP64(), GP64()
	XORQ(i, i)
	Label("row")
	MOVL(Mem{Base: picks, Index: i, Scale: 4}, row.As32())
	IMULQ(stride, row)
	ADDQ(base, row)
	by := s.vector()
	scale := XMM()
	VMOVSS(Mem{Base: row, Index: stride, Scale: 1, Disp: -trailer}, scale)
	VMULSS(Mem{Base: weights, Index: i, Scale: 4}, scale, scale)
	VBROADCASTSS(scale, by)
	for v := range sums {
		x := s.vector()
		VPMOVSXBD(Mem{Base: row, Index: at, Scale: 1, Disp: s.lanes * v}, x)
		VCVTDQ2PS(x, x)
		VFMADD231PS(x, by, sums[v])
	}
	INCQ(i)
	CMPQ(i, count)
	JNE(LabelRef("row"))
	for v := range sums {
		VMOVUPS(sums[v], sum.Offset(4*s.lanes*v))
	}
	ADDQ(U32(4*line), sum.Base)
	ADDQ(U32(line), at)
	CMPQ(at, stride)
	JNE(LabelRef("block"))
	end()
}

// roundTo rounds values to 16 bits, half to even.
func roundTo(s isa) {
	name := "roundTo" + s.name
	TEXT(name, NOSPLIT, "func(q *int16, x *float32, by float32, n int)")
	Pragma("noescape")
	Doc(name + " writes n values of x times by to q, rounded; n is a multiple of 16, and not 0.")
	q, x := Mem{Base: Load(Param("q"), GP64())}, Mem{Base: Load(Param("x"), GP64())}
	by, n := spread("by", s.vector()), Load(Param("n"), GP64())
	Label("step")
	for v := 0; v < 16; v += s.lanes {
		y := s.vector()
		VMULPS(x.Offset(4*v), by, y)
		VCVTPS2DQ(y, y)
		if s.lanes == 16 {
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
	end()
}

// mulEach multiplies value by value.
func mulEach(s isa) {
	name := "mulEach" + s.name
	TEXT(name, NOSPLIT, "func(x, y *float32, n int)")
	Pragma("noescape")
	Doc(name + " multiplies n values of y by those of x; n is a multiple of 16, and not 0.")
	x, y := Mem{Base: Load(Param("x"), GP64())}, Mem{Base: Load(Param("y"), GP64())}
	n := Load(Param("n"), GP64())
	Label("step")
	for v := 0; v < 16; v += s.lanes {
		z := s.vector()
		VMOVUPS(y.Offset(4*v), z)
		VMULPS(x.Offset(4*v), z, z)
		VMOVUPS(z, y.Offset(4*v))
	}
	ADDQ(Imm(64), x.Base)
	ADDQ(Imm(64), y.Base)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("step"))
	end()
}
