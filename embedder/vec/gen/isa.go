package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An isa is one of the two vector instruction sets, with what differs between
// them for the kernels.
type isa struct {
	name   string
	lanes  int // float32 values in a vector
	vector func() VecVirtual

	rows, vectors int // of a tile: its height, and its width in vectors
	temps         int // vectors that broadcast values of a rotate through
	unroll        int // steps of k in one turn of the loop
}

var (
	// 12 sums, 2 vectors of the panel, 2 broadcasts: all 16 registers. The
	// loop is unrolled, since older cores issue four operations a cycle.
	avx2 = isa{name: "AVX2", lanes: 8, vector: YMM, rows: 6, vectors: 2, temps: 2, unroll: 4}
	// 24 sums, 2 vectors of the panel, 6 broadcasts: all 32 registers. A
	// broadcast of its own feeds two multiplications; as an operand of each it
	// would take the place of a second load, and loads would be the limit.
	avx512 = isa{name: "AVX512", lanes: 16, vector: ZMM, rows: 12, vectors: 2, temps: 6, unroll: 2}
)

// bytes is the size of a vector.
func (s isa) bytes() int { return 4 * s.lanes }

// zero clears v.
func (s isa) zero(v VecVirtual) {
	if s.lanes == 16 {
		VPXORD(v, v, v) // VXORPS on ZMM needs AVX-512DQ
		return
	}
	VXORPS(v, v, v)
}

// zeros returns n cleared vectors.
func (s isa) zeros(n int) []VecVirtual {
	vs := make([]VecVirtual, n)
	for i := range vs {
		vs[i] = s.vector()
		s.zero(vs[i])
	}
	return vs
}

// fold adds four vectors, pairwise, and the halves of an AVX-512 one, to a YMM.
// That is one of the first 16 registers, by number: VHADDPS reaches no others.
func (s isa) fold(v []VecVirtual, number int) VecPhysical {
	VADDPS(v[1], v[0], v[0])
	VADDPS(v[3], v[2], v[2])
	low := []VecPhysical{Y0, Y1, Y2, Y3}[number]
	if s.lanes == 8 {
		VADDPS(v[2], v[0], low)
		return low
	}
	VADDPS(v[2], v[0], v[0])
	VEXTRACTF64X4(Imm(1), v[0], v[1].AsY())
	VADDPS(v[0].AsY(), v[1].AsY(), low)
	return low
}

// tailMask sets a mask of the low n bits; n is below 16.
func tailMask(n GPVirtual) OpmaskVirtual {
	bits := GP32()
	MOVL(U32(1), bits)
	SHLXL(n.As32(), bits, bits)
	DECL(bits)
	k := K()
	KMOVW(bits, k)
	return k
}
