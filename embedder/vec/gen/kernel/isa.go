package kernel

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An ISA is one of the two vector instruction sets.
type ISA struct {
	Name   string            // a kernel's name ends in it
	Lanes  int               // float32 values in a vector
	Vector func() VecVirtual // a new vector, of no known value
}

// AVX2 has 16 registers, AVX-512 has 32.
var (
	AVX2   = ISA{Name: "AVX2", Lanes: 8, Vector: YMM}
	AVX512 = ISA{Name: "AVX512", Lanes: 16, Vector: ZMM}
)

// ISAs are both, in the order in which kernels are written for them.
var ISAs = []ISA{AVX2, AVX512}

// Bytes is the size of a vector.
func (s ISA) Bytes() int { return 4 * s.Lanes }

// Vectors returns n new vectors.
func (s ISA) Vectors(n int) []VecVirtual {
	vs := make([]VecVirtual, n)
	for i := range vs {
		vs[i] = s.Vector()
	}
	return vs
}

// Zero clears v.
func (s ISA) Zero(v VecVirtual) {
	if s.Lanes == 16 {
		VPXORD(v, v, v) // VXORPS on ZMM needs AVX-512DQ
		return
	}
	VXORPS(v, v, v)
}

// Zeros returns n cleared vectors.
func (s ISA) Zeros(n int) []VecVirtual {
	vs := s.Vectors(n)
	for _, v := range vs {
		s.Zero(v)
	}
	return vs
}

// Spread returns a vector full of the float32 at from.
func (s ISA) Spread(from Mem) VecVirtual {
	v := s.Vector()
	VBROADCASTSS(from, v)
	return v
}
