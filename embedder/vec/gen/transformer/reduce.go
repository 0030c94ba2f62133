package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// reduce combines all lanes of v, and returns a vector full of the result.
func reduce(s kernel.ISA, v VecVirtual, combine func(a, b, to Op)) VecVirtual {
	y, other := YMM(), YMM()
	if s.Lanes == 16 {
		VEXTRACTF64X4(Imm(1), v, y)
		combine(v.AsY(), y, y)
	} else {
		VMOVAPS(v, y)
	}
	VPERM2F128(Imm(1), y, y, other) // the halves change places
	combine(other, y, y)
	for _, order := range []int{0b01_00_11_10, 0b10_11_00_01} { // pairs, then neighbours
		VPERMILPS(Imm(uint64(order)), y, other)
		combine(other, y, y)
	}
	full := s.Vector()
	VBROADCASTSS(y.AsX(), full)
	return full
}

func addTo(a, b, to Op) { VADDPS(a, b, to) }
func maxTo(a, b, to Op) { VMAXPS(a, b, to) }
