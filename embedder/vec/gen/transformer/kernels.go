package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
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
func (s isa) horner(table Mem, degree int, at []VecVirtual) []VecVirtual {
	sums := s.vectors(len(at))
	for _, p := range sums {
		VBROADCASTSS(entry(table, degree), p)
	}
	for d := degree - 1; d >= 0; d-- {
		c := s.spread(entry(table, d))
		for i, p := range sums {
			VFMADD213PS(c, at[i], p)
		}
	}
	return sums
}

func gelu(s isa) {
	s.begin("gelu", "x", ", table *float32", "", " replaces n values of x by their GELU.")
	table := pointer("table")
	w := s.over("x", s.tail(), pointer("x"))
	w.each(func(count int, e edge) {
		near, at := make([]VecVirtual, count), s.vectors(count)
		low, high := s.spread(entry(table, geluReach1)), s.spread(entry(table, geluReach))
		for i := range count {
			near[i] = e.get(0, i)
			VMAXPS(low, near[i], near[i])
			VMINPS(high, near[i], near[i])
			VMULPS(near[i], near[i], at[i])
		}
		scale, one := s.spread(entry(table, geluScale)), s.spread(entry(table, geluOne))
		for _, v := range at {
			VFMADD213PS(one, scale, v)
		}
		half := s.spread(entry(table, geluHalf))
		for i, phi := range s.horner(table, geluDegree, at) {
			VFMADD213PS(half, near[i], phi)
			x := e.get(0, i)
			VMULPS(x, phi, phi)
			e.put(phi, 0, i)
		}
	})
	end()
}

func expSum(s isa) {
	s.begin("expSum", "x", ", table *float32", " float32", " replaces n values of x by their exp over the greatest's and returns the sum.")
	table, x, t := pointer("table"), pointer("x"), s.tail()
	greatest := s.greatest(t, x)
	sum := s.vector()
	s.zero(sum)
	log2, least := s.spread(entry(table, expLog2)), s.spread(entry(table, expLeast))
	high, low := s.spread(entry(table, expHigh)), s.spread(entry(table, expLow))
	s.over("exp", t, x).each(func(count int, e edge) {
		rest, power := make([]VecVirtual, count), s.vectors(count)
		n := s.vector()
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
		for i, p := range s.horner(table, expDegree, rest) {
			VPADDD(power[i], p, p)
			e.cut(p)
			VADDPS(p, sum, sum)
			e.put(p, 0, i)
		}
	})
	total := s.reduce(sum, addTo)
	Store(total.AsX(), ReturnIndex(0))
	end()
}

// greatest returns a vector full of the greatest value.
func (s isa) greatest(t tail, x Mem) VecVirtual {
	most := s.spread(x)
	s.over("greatest", t, x).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			e.fill(v, most)
			VMAXPS(v, most, most)
		}
	})
	return s.reduce(most, maxTo)
}

func addLayerNorm(s isa) {
	s.begin("addLayerNorm", "x, y, gain, shift", ", inverse, epsilon float32", "",
		" replaces n values of x by the layer normalisation of x + y; inverse is 1/n.")
	x, t := pointer("x"), s.tail()
	inverse := s.argument("inverse")
	sum := s.vector()
	s.zero(sum)
	s.over("add", t, x, pointer("y")).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VADDPS(e.get(1, i), v, v)
			VADDPS(v, sum, sum)
			e.put(v, 0, i)
		}
	})
	mean := s.reduce(sum, addTo)
	VMULPS(inverse, mean, mean)
	squares := s.vector()
	s.zero(squares)
	s.over("square", t, x).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VSUBPS(mean, v, v)
			e.cut(v)
			VFMADD231PS(v, v, squares)
		}
	})
	scale := s.reduce(squares, addTo)
	VFMADD213PS(s.argument("epsilon"), inverse, scale)
	VSQRTPS(scale, scale)
	one := s.vector()
	s.ones(one)
	VDIVPS(scale, one, scale)
	s.over("scale", t, x, pointer("gain"), pointer("shift")).each(func(count int, e edge) {
		for i := range count {
			v := e.get(0, i)
			VSUBPS(mean, v, v)
			VMULPS(scale, v, v)
			gain, shift := e.get(1, i), e.get(2, i)
			VFMADD213PS(shift, gain, v)
			e.put(v, 0, i)
		}
	})
	end()
}

// ones fills v with 1.
func (s isa) ones(v VecVirtual) {
	bits, x := GP32(), XMM()
	MOVL(U32(0x3f800000), bits)
	VMOVD(bits, x)
	VBROADCASTSS(x, v)
}
