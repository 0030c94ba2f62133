package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// Places in the tables of gelu.go and exp.go; the polynomial stands first,
// lowest power first.
const (
	geluDegree = 16
	geluScale  = 17
	geluOne    = 18
	geluHalf   = 19
	geluReach  = 20
	geluReach1 = 21

	expDegree = 6
	expLog2   = 7
	expHigh   = 8
	expLow    = 9
	expLeast  = 10
)

func entry(table Mem, i int) Mem { return table.Offset(4 * i) }

// horner returns the polynomial that stands in table at each of at.
func horner(s kernel.ISA, table Mem, degree int, at []VecVirtual) []VecVirtual {
	sums := s.Vectors(len(at))
	for _, p := range sums {
		VBROADCASTSS(entry(table, degree), p)
	}
	for d := degree - 1; d >= 0; d-- {
		c := s.Spread(entry(table, d))
		for i, p := range sums {
			VFMADD213PS(c, at[i], p)
		}
	}
	return sums
}

func gelu(s kernel.ISA) {
	kernel.Begin("gelu"+s.Name, "func("+s.Masked("x *float32, n int, table *float32")+")",
		"replaces n values of x by their GELU.")
	table := kernel.Pointer("table")
	w := over("x", lastOf(s), kernel.Pointer("x"))
	w.each(func(count int, e edge) {
		near, at := make([]VecVirtual, count), s.Vectors(count)
		low, high := s.Spread(entry(table, geluReach1)), s.Spread(entry(table, geluReach))
		for i := range count {
			near[i] = e.get(0, i)
			VMAXPS(low, near[i], near[i])
			VMINPS(high, near[i], near[i])
			VMULPS(near[i], near[i], at[i])
		}
		scale, one := s.Spread(entry(table, geluScale)), s.Spread(entry(table, geluOne))
		for _, v := range at {
			VFMADD213PS(one, scale, v)
		}
		half := s.Spread(entry(table, geluHalf))
		for i, phi := range horner(s, table, geluDegree, at) {
			VFMADD213PS(half, near[i], phi)
			x := e.get(0, i)
			VMULPS(x, phi, phi)
			e.put(phi, 0, i)
		}
	})
	kernel.End()
}

func expSum(s kernel.ISA) {
	kernel.Begin("expSum"+s.Name, "func("+s.Masked("x *float32, n int, table *float32")+") float32",
		"replaces n values of x by their exp over the greatest's and returns the sum.")
	table, x, last := kernel.Pointer("table"), kernel.Pointer("x"), lastOf(s)
	greatest := greatestOf(last, x)
	sum := s.Vector()
	s.Zero(sum)
	log2, least := s.Spread(entry(table, expLog2)), s.Spread(entry(table, expLeast))
	high, low := s.Spread(entry(table, expHigh)), s.Spread(entry(table, expLow))
	over("exp", last, x).each(func(count int, e edge) {
		rest, power := make([]VecVirtual, count), s.Vectors(count)
		n := s.Vector()
		for i := range count {
			rest[i] = e.get(0, i)
			VSUBPS(greatest, rest[i], rest[i])
			VMAXPS(least, rest[i], rest[i])
			VMULPS(log2, rest[i], power[i])
			VCVTPS2DQ(power[i], power[i]) // to the nearest
			VCVTDQ2PS(power[i], n)
			VFNMADD231PS(high, n, rest[i])
			VFNMADD231PS(low, n, rest[i])
			VPSLLD(Imm(23), power[i], power[i])
		}
		for i, p := range horner(s, table, expDegree, rest) {
			VPADDD(power[i], p, p)
			e.cut(p)
			VADDPS(p, sum, sum)
			e.put(p, 0, i)
		}
	})
	total := reduce(s, sum, addTo)
	Store(total.AsX(), ReturnIndex(0))
	kernel.End()
}

// greatestOf returns a vector full of the greatest value.
func greatestOf(last kernel.Mask, x Mem) VecVirtual {
	most := last.ISA.Spread(x)
	over("greatest", last, x).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			e.fill(v, most)
			VMAXPS(v, most, most)
		}
	})
	return reduce(last.ISA, most, maxTo)
}

func addLayerNorm(s kernel.ISA) {
	kernel.Begin("addLayerNorm"+s.Name, "func("+s.Masked("x, y, gain, shift *float32, n int, inverse, epsilon float32")+")",
		"replaces n values of x by the layer normalisation of x + y; inverse is 1/n.")
	x, last := kernel.Pointer("x"), lastOf(s)
	inverse := s.Spread(kernel.Argument("inverse"))
	sum := s.Vector()
	s.Zero(sum)
	over("add", last, x, kernel.Pointer("y")).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VADDPS(e.get(1, i), v, v)
			VADDPS(v, sum, sum)
			e.put(v, 0, i)
		}
	})
	mean := reduce(s, sum, addTo)
	VMULPS(inverse, mean, mean)
	squares := s.Vector()
	s.Zero(squares)
	over("square", last, x).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VSUBPS(mean, v, v)
			e.cut(v)
			VFMADD231PS(v, v, squares)
		}
	})
	scale := reduce(s, squares, addTo)
	VFMADD213PS(s.Spread(kernel.Argument("epsilon")), inverse, scale)
	VSQRTPS(scale, scale)
	one := s.Vector()
	ones(one)
	VDIVPS(scale, one, scale)
	over("scale", last, x, kernel.Pointer("gain"), kernel.Pointer("shift")).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VSUBPS(mean, v, v)
			VMULPS(scale, v, v)
			gain, shift := e.get(1, i), e.get(2, i)
			VFMADD213PS(shift, gain, v)
			e.put(v, 0, i)
		}
	})
	kernel.End()
}

// ones fills v with 1.
func ones(v VecVirtual) {
	bits, x := GP32(), XMM()
	MOVL(U32(0x3f800000), bits)
	VMOVD(bits, x)
	VBROADCASTSS(x, v)
}
