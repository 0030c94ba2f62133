package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// A walk goes over n values behind pointers, several vectors a turn, then one,
// then what is left under the mask last.
type walk struct {
	kernel.ISA
	label string
	n     GPVirtual
	last  kernel.Mask
	at    []Mem // moved along
}

// over returns a walk over the n values behind each of from, which stay.
func over(label string, last kernel.Mask, from ...Mem) *walk {
	w := &walk{ISA: last.ISA, label: label, n: kernel.Word("n"), last: last}
	for _, m := range from {
		p := GP64()
		MOVQ(m.Base, p)
		w.at = append(w.at, Mem{Base: p})
	}
	return w
}

// wide is how many vectors a kernel has in work at once, to hide latency.
func wide(s kernel.ISA) int {
	if s.Lanes == 16 {
		return 4
	}
	return 2
}

// each emits the walk. body takes count vectors; get and put fetch and store
// vector v behind pointer p, no further than the values go.
func (w *walk) each(body func(count int, e edge)) {
	for _, count := range []int{wide(w.ISA), 1} {
		label := fmt.Sprintf("%sby%d", w.label, count)
		Label(label)
		CMPQ(w.n, U32(count*w.Lanes))
		JLT(LabelRef(label + "done"))
		body(count, edge{w, kernel.Mask{ISA: w.ISA}})
		kernel.Advance(count*w.Bytes(), w.at...)
		SUBQ(U32(count*w.Lanes), w.n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	TESTQ(w.n, w.n)
	JZ(LabelRef(w.label + "done"))
	body(1, edge{w, w.last})
	Label(w.label + "done")
}
