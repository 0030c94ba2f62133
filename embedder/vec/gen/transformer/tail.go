package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A tail is the mask of the values past the last whole vector.
type tail struct {
	opmask OpmaskVirtual // AVX-512
	memory Mem           // AVX2
}

func (s isa) tail() tail {
	if s.lanes == 8 {
		return tail{memory: pointer("mask")}
	}
	n, bits := GP32(), GP32()
	MOVL(Load(Param("n"), GP64()).(GPVirtual).As32(), n)
	ANDL(Imm(15), n)
	MOVL(U32(1), bits)
	SHLXL(n, bits, bits)
	DECL(bits)
	k := K()
	KMOVW(bits, k)
	return tail{opmask: k}
}

// An edge keeps body inside the values that there are.
type edge struct {
	w      *walk
	masked bool
}

// get returns vector v behind pointer p, zeros past the end.
func (e edge) get(p, v int) VecVirtual {
	x, from := e.w.vector(), e.w.at[p].Offset(4*v*e.w.lanes)
	switch {
	case !e.masked:
		VMOVUPS(from, x)
	case e.w.lanes == 16:
		VMOVUPS_Z(from, e.w.tail.opmask, x)
	default:
		VMASKMOVPS(from, e.mask(), x)
	}
	return x
}

// put stores x as vector v behind pointer p.
func (e edge) put(x VecVirtual, p, v int) {
	to := e.w.at[p].Offset(4 * v * e.w.lanes)
	switch {
	case !e.masked:
		VMOVUPS(x, to)
	case e.w.lanes == 16:
		VMOVUPS(x, e.w.tail.opmask, to)
	default:
		VMASKMOVPS(x, e.mask(), to)
	}
}

// cut clears the lanes of x past the end.
func (e edge) cut(x VecVirtual) {
	switch {
	case !e.masked:
	case e.w.lanes == 16:
		VMOVAPS_Z(x, e.w.tail.opmask, x)
	default:
		VANDPS(e.mask(), x, x)
	}
}

// fill copies the lanes of x past the end from other.
func (e edge) fill(x, other VecVirtual) {
	switch {
	case !e.masked:
	case e.w.lanes == 16:
		VBLENDMPS(x, other, e.w.tail.opmask, x)
	default:
		VBLENDVPS(e.mask(), x, other, x)
	}
}

func (e edge) mask() VecVirtual {
	m := YMM()
	VMOVUPS(e.w.tail.memory, m)
	return m
}
