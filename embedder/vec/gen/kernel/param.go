package kernel

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Word returns a register with a parameter of 64 bits, an int or a pointer.
func Word(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// Pointer returns what a pointer parameter points to.
func Pointer(name string) Mem { return Mem{Base: Word(name)} }

// Argument is where a parameter lies.
func Argument(name string) Mem {
	from, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return from.Addr
}

// Advance moves pointers by n bytes.
func Advance(n int, ms ...Mem) {
	for _, m := range ms {
		ADDQ(U32(n), m.Base)
	}
}
