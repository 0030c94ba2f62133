package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// lanes are the values in a vector.
const lanes = 16

// A walk goes over n places, sixteen a turn, and over what is left under a mask. Its
// kernel returns how many it has dealt with: all, unless one is not below the limit.
type walk struct {
	n, done GPVirtual
	rows    Mem
	narrow  bool // rows are uint16
	limit   VecVirtual
	whole   OpmaskVirtual
}

// begin starts a kernel over rows, with what else it takes and returns.
func begin(name, params, results, doc string, narrow bool) *walk {
	kernel.Begin(name, "func("+params+", limit uint32, n int) (done int"+results+")",
		strings.Split(doc, "\n")...)
	w := &walk{rows: kernel.Pointer("rows"), n: kernel.Word("n"), done: GP64(), narrow: narrow, limit: ZMM(), whole: K()}
	XORQ(w.done, w.done)
	VPBROADCASTD(Load(Param("limit"), GP32()), w.limit)
	KXNORW(w.whole, w.whole, w.whole)
	return w
}

// A turn is sixteen places, or fewer under a mask.
type turn struct {
	name string // for labels
	mask OpmaskVirtual
	at   VecVirtual
}

// each emits body for all turns, and end behind them.
func (w *walk) each(body func(turn), end func()) {
	Label("whole")
	CMPQ(w.n, Imm(lanes))
	JLT(LabelRef("rest"))
	body(turn{"whole", w.whole, w.load(w.whole)})
	ADDQ(Imm(lanes), w.done)
	SUBQ(Imm(lanes), w.n)
	JMP(LabelRef("whole"))
	Label("rest")
	TESTQ(w.n, w.n)
	JZ(LabelRef("end"))
	mask := kernel.LowLanes(w.n)
	body(turn{"rest", mask, w.load(mask)})
	ADDQ(w.n, w.done)
	Label("end")
	end()
	Store(w.done, ReturnIndex(0))
	kernel.End()
}

// load returns the places of a turn, zeros past the end.
func (w *walk) load(mask OpmaskVirtual) VecVirtual {
	at := ZMM()
	if w.narrow {
		VPMOVZXWD_Z(Mem{Base: w.rows.Base, Index: w.done, Scale: 2}, mask, at)
	} else {
		VMOVDQU32_Z(w.lane(w.rows), mask, at)
	}
	return at
}

// check ends the kernel if a place under mask is not below the limit.
func (w *walk) check(at VecVirtual, mask OpmaskVirtual) {
	beyond := K()
	VPCMPUD(Imm(5), w.limit, at, mask, beyond) // not less
	KORTESTW(beyond, beyond)
	JNZ(LabelRef("end"))
}

// lane is where the values of this turn lie, of four bytes each, one a place.
func (w *walk) lane(m Mem) Mem { return Mem{Base: m.Base, Index: w.done, Scale: 4} }

// gather returns the values behind m at the places under mask, zeros for others.
func gather(m Mem, at VecVirtual, mask OpmaskVirtual) VecVirtual {
	x, k := ZMM(), K()
	VPXORD(x, x, x)
	KMOVW(mask, k)
	VPGATHERDD(Mem{Base: m.Base, Index: at, Scale: 4}, k, x)
	return x
}

// scatter stores x behind m at the places under mask.
func scatter(x VecVirtual, m Mem, at VecVirtual, mask OpmaskVirtual) {
	k := K()
	KMOVW(mask, k)
	VPSCATTERDD(x, k, Mem{Base: m.Base, Index: at, Scale: 4})
}

// table returns so many vectors that lie behind m.
func table(m Mem, vectors int) []VecVirtual {
	out := make([]VecVirtual, vectors)
	for i := range out {
		out[i] = ZMM()
		VMOVUPS(m.Offset(4*lanes*i), out[i])
	}
	return out
}

// lookUp replaces codes below 32 by the values of a table of two vectors.
func lookUp(codes VecVirtual, two []VecVirtual) { VPERMI2PS(two[1], two[0], codes) }
