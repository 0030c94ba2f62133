package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// The kernels of implicit alternating least squares. gather takes four rows a
// turn, which it finds by their indices: it makes their inner products with p, adds
// up the lanes of all four at once, makes four coefficients, and adds the rows by
// them to out. So a row comes from memory once, and eight shuffles serve four
// rows where a row alone would need six.

// alsAhead is how many rows ahead of the turn memory is asked for rows: what lies
// between is some 200 ns of work at 64 values, a fetch from beyond the second
// level cache.
const alsAhead = 16

// A gatherer emits one gather kernel.
type gatherer struct {
	kernel.ISA
	vectors  int // of p and out, for a fixed number of values; 0 for any number
	residual bool

	out, p, rows, cols, weights Mem
	n, size                     GPVirtual   // rows left; bytes of whole vectors, if their number is not fixed
	limit, floor, stride        Mem         // of indices; of n, for prefetching; bytes of a row
	last                        kernel.Mask // of a row's last values, likewise
	coefficients                Mem

	ps, outs []VecVirtual // in registers, if the number is fixed; ps only with 32 registers
}

func gather(s kernel.ISA, vectors int, residual bool) {
	g := &gatherer{ISA: s, vectors: vectors, residual: residual}
	name, what := "gatherStep"+s.Name, "(w-base)*(y.p)*y"
	if residual {
		name, what = "gatherResidual"+s.Name, "(w-(w-base)*(y.p))*y"
	}
	params := "out, p, rows *float32, dims, limit int, cols *uint32, weights *float32, n, floor int, base float32"
	if vectors > 0 {
		name += fmt.Sprintf("x%d", vectors*s.Lanes)
	} else {
		params = s.Masked(params)
	}
	kernel.Begin(name, "func("+params+") (left int)",
		"adds "+what+" to out for n rows y, and returns 0, or how many",
		"were left when an index was not below limit.")
	g.load()
	Label("four")
	CMPQ(g.n, Imm(4))
	JLT(LabelRef("rest"))
	rows := g.fourRows()
	g.prefetch()
	w, base := XMM(), XMM()
	VMOVUPS(g.weights, w)
	VBROADCASTSS(kernel.Argument("base"), base)
	g.turn("four", rows, w, base)
	kernel.Advance(16, g.cols, g.weights)
	SUBQ(Imm(4), g.n)
	JMP(LabelRef("four"))
	Label("rest")
	TESTQ(g.n, g.n)
	JZ(LabelRef("done"))
	rows, w, base = g.lastRows()
	g.turn("last", rows, w, base)
	XORQ(g.n, g.n)
	Label("done")
	for v, o := range g.outs {
		VMOVUPS(o, g.out.Offset(v*s.Bytes()))
	}
	Store(g.n, ReturnIndex(0))
	kernel.End()
}

func (g *gatherer) load() {
	g.out, g.p, g.rows, g.cols, g.weights = kernel.Pointer("out"), kernel.Pointer("p"), kernel.Pointer("rows"), kernel.Pointer("cols"), kernel.Pointer("weights")
	g.n, g.limit, g.floor = kernel.Word("n"), kernel.Argument("limit"), kernel.Argument("floor")
	g.coefficients = AllocLocal(16)
	if g.vectors == 0 {
		g.stride, g.size = AllocLocal(8), kernel.Word("dims")
		g.last = kernel.Mask{ISA: g.ISA, YMM: kernel.LoadMask}
		if g.Lanes == 16 {
			last := GP64()
			MOVQ(g.size, last)
			ANDQ(Imm(15), last)
			g.last = kernel.Mask{ISA: g.ISA, Opmask: kernel.LowLanes(last)}
		}
		bytes := GP64()
		MOVQ(g.size, bytes)
		SHLQ(Imm(2), bytes)
		MOVQ(bytes, g.stride)
		ANDQ(I32(-g.Lanes), g.size)
		SHLQ(Imm(2), g.size)
		return
	}
	for v := range g.vectors {
		o := g.Vector()
		VMOVUPS(g.out.Offset(v*g.Bytes()), o)
		g.outs = append(g.outs, o)
	}
	if g.Lanes == 16 {
		for v := range g.vectors {
			p := g.Vector()
			VMOVUPS(g.p.Offset(v*g.Bytes()), p)
			g.ps = append(g.ps, p)
		}
	}
}

// offset turns an index into the offset of its row.
func (g *gatherer) offset(index GPVirtual) {
	if g.vectors == 0 {
		IMULQ(g.stride, index)
		return
	}
	IMUL3Q(U32(g.vectors*g.Bytes()), index, index)
}

// row returns where the row of the i-th of the next indices lies.
func (g *gatherer) row(i int) Mem {
	at := GP64()
	MOVL(g.cols.Offset(4*i), at.As32())
	CMPQ(at, g.limit)
	JAE(LabelRef("done"))
	g.offset(at)
	ADDQ(g.rows.Base, at)
	return Mem{Base: at}
}

func (g *gatherer) fourRows() []Mem {
	var rows []Mem
	for i := range 4 {
		rows = append(rows, g.row(i))
	}
	return rows
}

// prefetch asks for four rows of a later turn; of long ones for the first lines,
// the processor's own prefetching follows.
func (g *gatherer) prefetch() {
	CMPQ(g.n, g.floor)
	JLE(LabelRef("fetched"))
	lines := 4
	if g.vectors > 0 {
		lines = g.vectors * g.Bytes() / 64
	}
	for i := range 4 {
		at := GP64()
		MOVL(g.cols.Offset(4*(alsAhead+i)), at.As32())
		g.offset(at)
		for line := range lines {
			PREFETCHT0(Mem{Base: g.rows.Base, Index: at, Scale: 1, Disp: 64 * line})
		}
	}
	Label("fetched")
}

// lastRows returns the one to three rows that are left, the first in the place of
// those that are missing, with weights and bases of zero for them.
func (g *gatherer) lastRows() (rows []Mem, w, base VecVirtual) {
	w, base = XMM(), XMM()
	rows = []Mem{g.row(0)}
	VMOVSS(g.weights, w)
	VMOVSS(kernel.Argument("base"), base)
	for range 3 {
		at := GP64()
		MOVQ(rows[0].Base, at)
		rows = append(rows, Mem{Base: at})
	}
	for i := 1; i < 3; i++ {
		CMPQ(g.n, Imm(uint64(i)))
		JE(LabelRef("padded"))
		at := rows[i].Base.(GPVirtual)
		MOVL(g.cols.Offset(4*i), at.As32())
		CMPQ(at, g.limit)
		JAE(LabelRef("done"))
		g.offset(at)
		ADDQ(g.rows.Base, at)
		VINSERTPS(Imm(uint64(i<<4)), g.weights.Offset(4*i), w, w)
		VINSERTPS(Imm(uint64(i<<4)), kernel.Argument("base"), base, base)
	}
	Label("padded")
	return rows, w, base
}

// turn adds four rows to out.
func (g *gatherer) turn(label string, rows []Mem, w, base VecVirtual) {
	sums := g.Zeros(4)
	g.each(label+"dot", func(at func(Mem) Mem, v int, m kernel.Mask) {
		var p Op
		if g.ps != nil {
			p = g.ps[v]
		} else {
			p = m.Get(at(g.p))
		}
		for r, row := range rows {
			VFMADD231PS(m.Operand(at(row)), p, sums[r])
		}
	})
	dots := fourLanes(g.ISA, sums)
	a := XMM()
	VSUBPS(base, w, a)
	if g.residual {
		VFNMADD231PS(dots, a, w)
		VMOVUPS(w, g.coefficients)
	} else {
		VMULPS(dots, a, a)
		VMOVUPS(a, g.coefficients)
	}
	var by []VecVirtual
	for r := range rows {
		c := g.Vector()
		VBROADCASTSS(g.coefficients.Offset(4*r), c)
		by = append(by, c)
	}
	g.each(label+"add", func(at func(Mem) Mem, v int, m kernel.Mask) {
		if g.outs != nil {
			for r, row := range rows {
				VFMADD231PS(at(row), by[r], g.outs[v])
			}
			return
		}
		x, y := m.Get(at(g.out)), g.Vector()
		VFMADD231PS(m.Operand(at(rows[0])), by[0], x)
		VMULPS(m.Operand(at(rows[1])), by[1], y)
		VFMADD231PS(m.Operand(at(rows[2])), by[2], x)
		VFMADD231PS(m.Operand(at(rows[3])), by[3], y)
		VADDPS(y, x, x)
		m.Put(x, at(g.out))
	})
}

// each emits body for every vector of a row: unrolled if their number is fixed,
// else as a loop and once for what is less than a vector.
func (g *gatherer) each(label string, body func(at func(Mem) Mem, v int, m kernel.Mask)) {
	if g.vectors > 0 {
		for v := range g.vectors {
			body(func(m Mem) Mem { return m.Offset(v * g.Bytes()) }, v, kernel.Mask{ISA: g.ISA})
		}
		return
	}
	i := GP64()
	at := func(m Mem) Mem { return Mem{Base: m.Base, Index: i, Scale: 1} }
	XORQ(i, i)
	Label(label)
	CMPQ(i, g.size)
	JGE(LabelRef(label + "end"))
	body(at, 0, kernel.Mask{ISA: g.ISA})
	ADDQ(U32(g.Bytes()), i)
	JMP(LabelRef(label))
	Label(label + "end")
	CMPQ(i, g.stride)
	JGE(LabelRef(label + "even"))
	body(at, 0, g.last)
	Label(label + "even")
}

// fourLanes returns the sums of the lanes of four vectors, in the four lanes of
// one: pairs of lanes, then pairs of pairs, then the 128-bit quarters.
func fourLanes(s kernel.ISA, v []VecVirtual) VecVirtual {
	pair := func(a, b VecVirtual) VecVirtual {
		low, high := s.Vector(), s.Vector()
		VUNPCKLPS(b, a, low)
		VUNPCKHPS(b, a, high)
		VADDPS(high, low, low)
		return low
	}
	ab, cd := pair(v[0], v[1]), pair(v[2], v[3])
	low, high := s.Vector(), s.Vector()
	VUNPCKLPD(cd, ab, low)
	VUNPCKHPD(cd, ab, high)
	VADDPS(high, low, low)
	if s.Lanes == 16 {
		half := YMM()
		VEXTRACTF64X4(Imm(1), low, half)
		VADDPS(half, low.AsY(), half)
		quarter := XMM()
		VEXTRACTF32X4(Imm(1), half, quarter)
		VADDPS(quarter, half.AsX(), quarter)
		return quarter
	}
	half := XMM()
	VEXTRACTF128(Imm(1), low, half)
	VADDPS(half, low.AsX(), half)
	return half
}

// mulSym multiplies a symmetric matrix by a vector: column by column, which are
// its rows, with no lanes to add up. A pass makes up to four vectors of out, each
// in two sums, so that eight chains of additions run at once.
func mulSym(s kernel.ISA) {
	kernel.Begin("mulSym"+s.Name, "func("+s.Masked("out, m, p *float32, dims int")+")",
		"writes the product of a symmetric matrix and p to out.")
	out, m, p := kernel.Pointer("out"), kernel.Pointer("m"), kernel.Pointer("p")
	left := kernel.Word("dims")
	stride := GP64()
	MOVQ(left, stride)
	SHLQ(Imm(2), stride)
	for _, wide := range []int{4, 1} {
		label := fmt.Sprintf("by%d", wide)
		Label(label)
		CMPQ(left, U32(wide*s.Lanes))
		JLT(LabelRef(label + "done"))
		mulSymPass(s, label, out, m, p, stride, wide, kernel.Mask{ISA: s})
		kernel.Advance(wide*s.Bytes(), out, m)
		SUBQ(U32(wide*s.Lanes), left)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	TESTQ(left, left)
	JZ(LabelRef("done"))
	last := kernel.Mask{ISA: s, YMM: kernel.LoadMask}
	if s.Lanes == 16 {
		last = kernel.Mask{ISA: s, Opmask: kernel.LowLanes(left)}
	}
	mulSymPass(s, "last", out, m, p, stride, 1, last)
	Label("done")
	kernel.End()
}

func mulSymPass(s kernel.ISA, label string, out, m, p Mem, stride GPVirtual, wide int, mask kernel.Mask) {
	sums, odd := s.Zeros(wide), s.Zeros(wide)
	at, row, end := GP64(), GP64(), GP64()
	MOVQ(p.Base, at)
	MOVQ(m.Base, row)
	MOVQ(p.Base, end)
	ADDQ(stride, end)
	step := func(n int) {
		for i := range n {
			x := s.Vector()
			VBROADCASTSS(Mem{Base: at, Disp: 4 * i}, x)
			for v := range wide {
				from := Mem{Base: row, Disp: v * s.Bytes()}
				sum := sums[v]
				if i == 1 {
					from.Index, from.Scale = stride, 1
					sum = odd[v]
				}
				VFMADD231PS(mask.Operand(from), x, sum)
			}
		}
		ADDQ(Imm(uint64(4*n)), at)
		if n == 2 {
			LEAQ(Mem{Base: row, Index: stride, Scale: 2}, row)
		} else {
			ADDQ(stride, row)
		}
	}
	two := GP64()
	LEAQ(Mem{Base: end, Disp: -4}, two)
	Label(label + "two")
	CMPQ(at, two)
	JGE(LabelRef(label + "odd"))
	step(2)
	JMP(LabelRef(label + "two"))
	Label(label + "odd")
	CMPQ(at, end)
	JGE(LabelRef(label + "end"))
	step(1)
	Label(label + "end")
	for v := range wide {
		VADDPS(odd[v], sums[v], sums[v])
		mask.Put(sums[v], out.Offset(v*s.Bytes()))
	}
}

// als emits the kernels of alternating least squares: for any number of values,
// and for the usual ones with p and out in registers.
func als(s kernel.ISA) {
	fixed := []int{0, 4, 8} // 32 and 64
	if s.Lanes == 16 {
		fixed = []int{0, 2, 4, 8} // 32, 64 and 128
	}
	for _, vectors := range fixed {
		gather(s, vectors, false)
		gather(s, vectors, true)
	}
	mulSym(s)
	cross(s)
}
