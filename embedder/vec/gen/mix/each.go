package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// each emits a walk over n values, a vector a turn and the rest under a mask, and ends the
// kernel. body fetches and stores by the mask.
func each(s kernel.ISA, pointers []Mem, body func(m kernel.Mask)) {
	n := kernel.Word("n")
	last := lastOf(s, n)
	Label("whole")
	CMPQ(n, U32(s.Lanes))
	JLT(LabelRef("rest"))
	body(kernel.Mask{ISA: s})
	kernel.Advance(s.Bytes(), pointers...)
	SUBQ(U32(s.Lanes), n)
	JMP(LabelRef("whole"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	body(last)
	Label("done")
	kernel.End()
}

// lastOf returns the mask of the last of n values; a register holds it from the start.
func lastOf(s kernel.ISA, n GPVirtual) kernel.Mask {
	if s.Lanes == 8 {
		m := kernel.LoadMask()
		return kernel.Mask{ISA: s, YMM: func() VecVirtual { return m }}
	}
	count := GP32()
	MOVL(n.As32(), count)
	ANDL(Imm(15), count)
	return kernel.Mask{ISA: s, Opmask: kernel.LowLanes(count)}
}
