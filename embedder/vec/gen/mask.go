package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// atLeast compares 64 values for each word of the mask, with one floor or one
// for each value. The Go code takes what is less than a word.
func atLeast(s kernel.ISA, each bool) {
	name, floor := "atLeast"+s.Name, "floor float32"
	if each {
		name, floor = "atLeastEach"+s.Name, "floors *float32"
	}
	kernel.Begin(name, "func(mask *uint64, x *float32, "+floor+", words int)",
		"sets the bits of the values that reach their floor, 64 a word.")
	mask, x := kernel.Pointer("mask"), kernel.Pointer("x")
	var floors Mem
	var one VecVirtual
	if each {
		floors = kernel.Pointer("floors")
	} else {
		one = s.Spread(kernel.Argument("floor"))
	}
	words := kernel.Word("words")
	compare := func(v int) Op {
		if !each {
			return one
		}
		f := s.Vector()
		VMOVUPS(floors.Offset(v*s.Bytes()), f)
		return f
	}
	Label("word")
	TESTQ(words, words)
	JZ(LabelRef("done"))
	MOVQ(compareWord(s, x, compare), mask)
	kernel.Advance(64*4, x)
	if each {
		kernel.Advance(64*4, floors)
	}
	kernel.Advance(8, mask)
	DECQ(words)
	JMP(LabelRef("word"))
	Label("done")
	kernel.End()
}

// compareWord returns the 64 bits of the values at x. The floor is on the right
// of the comparison: x >= floor is floor <= x, so that x may be read in place.
func compareWord(s kernel.ISA, x Mem, floor func(v int) Op) GPVirtual {
	atMost := Imm(0x12) // less or equal, false with a NaN, quiet
	word := GP64()
	for v := range 64 / s.Lanes {
		part := word
		if v > 0 {
			part = GP64()
		}
		if s.Lanes == 16 {
			k := K()
			VCMPPS(atMost, x.Offset(v*s.Bytes()), floor(v), k)
			KMOVW(k, part.As32())
		} else {
			y := YMM()
			VCMPPS(atMost, x.Offset(v*s.Bytes()), floor(v), y)
			VMOVMSKPS(y, part.As32())
		}
		if v > 0 {
			SHLQ(Imm(uint64(v*s.Lanes)), part)
			ORQ(part, word)
		}
	}
	return word
}
