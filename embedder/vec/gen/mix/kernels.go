package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Places in the table of asinh.go; the polynomial stands first, lowest power first.
const (
	degree   = 7
	one      = 8
	ln2      = 9
	largest  = 10
	sign     = 11
	least    = 12
	exponent = 13
)

func entry(table Mem, i int) Mem { return table.Offset(4 * i) }

// A scale is what both kernels put values on.
type scale struct {
	isa
	table                      Mem
	centre, unit               VecVirtual
	sign, one, largest         VecVirtual
	least, exponent, logarithm VecVirtual
}

func (s isa) scale() scale {
	t := pointer("table")
	at := func(i int) VecVirtual { return s.spread(entry(t, i)) }
	return scale{
		isa: s, table: t, centre: s.argument("centre"), unit: s.argument("unit"),
		sign: at(sign), one: at(one), largest: at(largest),
		least: at(least), exponent: at(exponent), logarithm: at(ln2),
	}
}

// asinh turns x into asinh((x - centre) * unit), as asinhGo does.
func (c scale) asinh(x VecVirtual) VecVirtual {
	VSUBPS(c.centre, x, x)
	VMULPS(c.unit, x, x)
	bit, t, y := c.vector(), c.vector(), c.vector()
	c.and(c.sign, x, bit)
	c.xor(bit, x, x)
	VMINPS(x, c.largest, t) // a NaN stays one
	VMOVAPS(t, y)
	VFMADD213PS(c.one, t, y)
	VSQRTPS(y, y)
	VADDPS(t, y, y)
	// y is 2^e times (1+f), f from -1/4 to 1/2.
	e, f := c.vector(), c.vector()
	VPSUBD(c.least, y, e)
	c.and(c.exponent, e, e)
	VPSUBD(e, y, f)
	VSUBPS(c.one, f, f)
	VPSRAD(Imm(23), e, e)
	VCVTDQ2PS(e, e)
	p := c.spread(entry(c.table, degree))
	for d := degree - 1; d >= 0; d-- {
		VFMADD213PS(c.spread(entry(c.table, d)), f, p)
	}
	VMULPS(f, p, p)
	VFMADD231PS(c.logarithm, e, p)
	VSUBPS(t, t, t) // 0, or not a number
	VADDPS(t, p, p)
	c.or(bit, p, p)
	return p
}

func (s isa) and(a, b, to VecVirtual) {
	if s.lanes == 16 {
		VPANDD(a, b, to) // VANDPS on ZMM needs AVX-512DQ
		return
	}
	VANDPS(a, b, to)
}

func (s isa) or(a, b, to VecVirtual) {
	if s.lanes == 16 {
		VPORD(a, b, to)
		return
	}
	VORPS(a, b, to)
}

func (s isa) xor(a, b, to VecVirtual) {
	if s.lanes == 16 {
		VPXORD(a, b, to)
		return
	}
	VXORPS(a, b, to)
}

func asinh(s isa) {
	s.begin("asinh", "values", ", table *float32, centre, unit float32", " replaces n values v by asinh((v - centre) * unit).")
	c, values := s.scale(), pointer("values")
	s.each([]Mem{values}, func(e edge) {
		e.put(c.asinh(e.get(values)), values)
	})
}

func mix(s isa) {
	s.begin("mix", "sums, known, values", ", table *float32, centre, unit, weight float32",
		" does what asinh"+s.name+" does, and adds weight times each number to sums, and weight to known.")
	c, weight := s.scale(), s.argument("weight")
	sums, known, values := pointer("sums"), pointer("known"), pointer("values")
	s.each([]Mem{sums, known, values}, func(e edge) {
		y := c.asinh(e.get(values))
		e.put(y, values)
		sum, have := e.get(sums), e.get(known)
		if s.lanes == 16 {
			k := K()
			VCMPPS(Imm(ordered), y, y, k)
			VFMADD231PS(weight, y, k, sum)
			VADDPS(weight, have, k, have)
		} else {
			number, w := s.vector(), s.vector()
			VCMPPS(Imm(ordered), y, y, number)
			VANDPS(number, weight, w)
			VANDPS(number, y, y)
			VFMADD231PS(w, y, sum)
			VADDPS(w, have, have)
		}
		e.put(sum, sums)
		e.put(have, known)
	})
}

// ordered is the comparison that holds for numbers.
const ordered = 7
