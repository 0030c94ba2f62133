package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// lastOf returns the mask of the last of n values. AVX2 reads it at each use: its
// registers are few.
func lastOf(s kernel.ISA) kernel.Mask {
	if s.Lanes == 8 {
		memory := kernel.Pointer("mask")
		return kernel.Mask{ISA: s, YMM: func() VecVirtual {
			m := YMM()
			VMOVUPS(memory, m)
			return m
		}}
	}
	n := GP32()
	MOVL(kernel.Word("n").As32(), n)
	ANDL(Imm(15), n)
	return kernel.Mask{ISA: s, Opmask: kernel.LowLanes(n)}
}

// An edge keeps the body of a walk inside the values that there are.
type edge struct {
	w    *walk
	mask kernel.Mask
}

// get returns vector v behind pointer p, zeros past the end.
func (e edge) get(p, v int) VecVirtual { return e.mask.Get(e.at(p, v)) }

// put stores x as vector v behind pointer p.
func (e edge) put(x VecVirtual, p, v int) { e.mask.Put(x, e.at(p, v)) }

func (e edge) at(p, v int) Mem { return e.w.at[p].Offset(v * e.w.Bytes()) }

// cut clears the lanes of x past the end.
func (e edge) cut(x VecVirtual) {
	switch {
	case e.mask.Opmask != nil:
		VMOVAPS_Z(x, e.mask.Opmask, x)
	case e.mask.YMM != nil:
		VANDPS(e.mask.YMM(), x, x)
	}
}

// fill copies the lanes of x past the end from other.
func (e edge) fill(x, other VecVirtual) {
	switch {
	case e.mask.Opmask != nil:
		VBLENDMPS(x, other, e.mask.Opmask, x)
	case e.mask.YMM != nil:
		VBLENDVPS(e.mask.YMM(), x, other, x)
	}
}
