package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// An edge keeps a tile inside the columns that there are.
type edge interface {
	// each emits body for whole vectors, for masked ones, or for both with a
	// branch between.
	each(label string, body func(masked bool))
	load(masked bool, vector int, from Mem, to VecVirtual)
	store(masked bool, vector int, from VecVirtual, to Mem)
}

func (t *tiler) loadEdge() edge {
	if t.Lanes == 16 {
		return newOpmasks()
	}
	return maskTable{}
}

// opmasks are the masks of AVX-512, which cost nothing when full.
type opmasks [2]OpmaskVirtual

func newOpmasks() opmasks {
	bits := Load(Param("columns"), GP32())
	m := opmasks{K(), K()}
	KMOVW(bits, m[0])
	SHRL(Imm(16), bits)
	KMOVW(bits, m[1])
	return m
}

func (m opmasks) each(_ string, body func(masked bool)) { body(true) }

func (m opmasks) load(_ bool, v int, from Mem, to VecVirtual) { VMOVUPS_Z(from, m[v], to) }

func (m opmasks) store(_ bool, v int, from VecVirtual, to Mem) { VMOVUPS(from, m[v], to) }

// A maskTable is a mask in memory for AVX2, nil for all columns: a masked store
// is slow on some processors.
type maskTable struct{}

func (maskTable) each(label string, body func(masked bool)) {
	table := kernel.Word("columns")
	TESTQ(table, table)
	JNZ(LabelRef(label + "edge"))
	body(false)
	JMP(LabelRef(label + "done"))
	Label(label + "edge")
	body(true)
	Label(label + "done")
}

func (maskTable) mask(v int) VecVirtual {
	table, m := kernel.Word("columns"), YMM()
	VMOVUPS(Mem{Base: table, Disp: 32 * v}, m)
	return m
}

func (t maskTable) load(masked bool, v int, from Mem, to VecVirtual) {
	if !masked {
		VMOVUPS(from, to)
		return
	}
	VMASKMOVPS(from, t.mask(v), to)
}

func (t maskTable) store(masked bool, v int, from VecVirtual, to Mem) {
	if !masked {
		VMOVUPS(from, to)
		return
	}
	VMASKMOVPS(from, t.mask(v), to)
}
