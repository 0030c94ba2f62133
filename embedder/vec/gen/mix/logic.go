package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

func and(s kernel.ISA, a, b, to VecVirtual) {
	if s.Lanes == 16 {
		VPANDD(a, b, to) // VANDPS on ZMM needs AVX-512DQ
		return
	}
	VANDPS(a, b, to)
}

func or(s kernel.ISA, a, b, to VecVirtual) {
	if s.Lanes == 16 {
		VPORD(a, b, to)
		return
	}
	VORPS(a, b, to)
}

func xor(s kernel.ISA, a, b, to VecVirtual) {
	if s.Lanes == 16 {
		VPXORD(a, b, to)
		return
	}
	VXORPS(a, b, to)
}
