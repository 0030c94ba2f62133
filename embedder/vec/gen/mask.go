package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// atLeast compares 64 values for each word of the mask, with one floor or one
// for each value. The Go code takes what is less than a word.
func atLeast(s isa, each bool) {
	name, floor := "atLeast"+s.name, "floor float32"
	if each {
		name, floor = "atLeastEach"+s.name, "floors *float32"
	}
	TEXT(name, NOSPLIT, "func(mask *uint64, x *float32, "+floor+", words int)")
	Pragma("noescape")
	Doc(name + " sets the bits of the values that reach their floor, 64 a word.")
	mask, x := Mem{Base: Load(Param("mask"), GP64())}, Mem{Base: Load(Param("x"), GP64())}
	var floors Mem
	one := s.vector()
	if each {
		floors = Mem{Base: Load(Param("floors"), GP64())}
	} else {
		from, err := Param("floor").Resolve()
		if err != nil {
			panic(err)
		}
		VBROADCASTSS(from.Addr, one)
	}
	words := Load(Param("words"), GP64())
	compare := func(v int) Op {
		if !each {
			return one
		}
		f := s.vector()
		VMOVUPS(floors.Offset(v*s.bytes()), f)
		return f
	}
	Label("word")
	TESTQ(words, words)
	JZ(LabelRef("done"))
	MOVQ(s.compareWord(x, compare), mask)
	advance(64*4, x)
	if each {
		advance(64*4, floors)
	}
	advance(8, mask)
	DECQ(words)
	JMP(LabelRef("word"))
	Label("done")
	VZEROUPPER()
	RET()
}

// compareWord returns the 64 bits of the values at x. The floor is on the right
// of the comparison: x >= floor is floor <= x, so that x may be read in place.
func (s isa) compareWord(x Mem, floor func(v int) Op) GPVirtual {
	atMost := Imm(0x12) // less or equal, false with a NaN, quiet
	word := GP64()
	for v := range 64 / s.lanes {
		part := word
		if v > 0 {
			part = GP64()
		}
		if s.lanes == 16 {
			k := K()
			VCMPPS(atMost, x.Offset(v*s.bytes()), floor(v), k)
			KMOVW(k, part.As32())
		} else {
			y := YMM()
			VCMPPS(atMost, x.Offset(v*s.bytes()), floor(v), y)
			VMOVMSKPS(y, part.As32())
		}
		if v > 0 {
			SHLQ(Imm(uint64(v*s.lanes)), part)
			ORQ(part, word)
		}
	}
	return word
}
