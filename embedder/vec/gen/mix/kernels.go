package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
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
	kernel.ISA
	table                      Mem
	centre, unit               VecVirtual
	sign, one, largest         VecVirtual
	least, exponent, logarithm VecVirtual
}

func scaleOf(s kernel.ISA) scale {
	t := kernel.Pointer("table")
	at := func(i int) VecVirtual { return s.Spread(entry(t, i)) }
	return scale{
		ISA: s, table: t, centre: s.Spread(kernel.Argument("centre")), unit: s.Spread(kernel.Argument("unit")),
		sign: at(sign), one: at(one), largest: at(largest),
		least: at(least), exponent: at(exponent), logarithm: at(ln2),
	}
}

// asinh turns x into asinh((x - centre) * unit), as asinhGo does.
func (c scale) asinh(x VecVirtual) VecVirtual {
	VSUBPS(c.centre, x, x)
	VMULPS(c.unit, x, x)
	bit, t, y := c.Vector(), c.Vector(), c.Vector()
	and(c.ISA, c.sign, x, bit)
	xor(c.ISA, bit, x, x)
	VMINPS(x, c.largest, t) // a NaN stays one
	VMOVAPS(t, y)
	VFMADD213PS(c.one, t, y)
	VSQRTPS(y, y)
	VADDPS(t, y, y)
	// y is 2^e times (1+f), f from -1/4 to 1/2.
	e, f := c.Vector(), c.Vector()
	VPSUBD(c.least, y, e)
	and(c.ISA, c.exponent, e, e)
	VPSUBD(e, y, f)
	VSUBPS(c.one, f, f)
	VPSRAD(Imm(23), e, e)
	VCVTDQ2PS(e, e)
	p := c.Spread(entry(c.table, degree))
	for d := degree - 1; d >= 0; d-- {
		VFMADD213PS(c.Spread(entry(c.table, d)), f, p)
	}
	VMULPS(f, p, p)
	VFMADD231PS(c.logarithm, e, p)
	VSUBPS(t, t, t) // 0, or not a number
	VADDPS(t, p, p)
	or(c.ISA, bit, p, p)
	return p
}

func asinh(s kernel.ISA) {
	kernel.Begin("asinh"+s.Name, "func("+s.Masked("values *float32, n int, table *float32, centre, unit float32")+")",
		"replaces n values v by asinh((v - centre) * unit).")
	c, values := scaleOf(s), kernel.Pointer("values")
	each(s, []Mem{values}, func(m kernel.Mask) {
		m.Put(c.asinh(m.Get(values)), values)
	})
}

func mix(s kernel.ISA) {
	kernel.Begin("mix"+s.Name, "func("+s.Masked("sums, known, values *float32, n int, table *float32, centre, unit, weight float32")+")",
		"does what asinh"+s.Name+" does, and adds weight times each number to sums, and weight to known.")
	c, weight := scaleOf(s), s.Spread(kernel.Argument("weight"))
	sums, known, values := kernel.Pointer("sums"), kernel.Pointer("known"), kernel.Pointer("values")
	each(s, []Mem{sums, known, values}, func(m kernel.Mask) {
		y := c.asinh(m.Get(values))
		m.Put(y, values)
		sum, have := m.Get(sums), m.Get(known)
		if s.Lanes == 16 {
			k := K()
			VCMPPS(Imm(ordered), y, y, k)
			VFMADD231PS(weight, y, k, sum)
			VADDPS(weight, have, k, have)
		} else {
			number, w := s.Vector(), s.Vector()
			VCMPPS(Imm(ordered), y, y, number)
			VANDPS(number, weight, w)
			VANDPS(number, y, y)
			VFMADD231PS(w, y, sum)
			VADDPS(w, have, have)
		}
		m.Put(sum, sums)
		m.Put(have, known)
	})
}

// ordered is the comparison that holds for numbers.
const ordered = 7
