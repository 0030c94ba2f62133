package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// line is how many bytes a line of memory has; rows are whole lines.
const line = 64

// trailer is where, from a row's end, its scale lies; its bias follows.
const trailer = 8

// An isa is one of the two vector instruction sets.
type isa struct {
	name   string
	lanes  int // float32 values in a vector
	vector func() VecVirtual
}

var (
	avx2   = isa{name: "AVX2", lanes: 8, vector: YMM}
	avx512 = isa{name: "AVX512", lanes: 16, vector: ZMM}
)

// words is how many 16-bit values a vector has, and as many bytes are widened to one.
func (s isa) words() int { return 2 * s.lanes }

// zeros returns n cleared vectors.
func (s isa) zeros(n int) []VecVirtual {
	vs := make([]VecVirtual, n)
	for i := range vs {
		vs[i] = s.vector()
		if s.lanes == 16 {
			VPXORD(vs[i], vs[i], vs[i])
		} else {
			VPXOR(vs[i], vs[i], vs[i])
		}
	}
	return vs
}

// half adds the halves of an AVX-512 vector; a YMM is left as it is.
func (s isa) half(v VecVirtual) VecVirtual {
	if s.lanes == 8 {
		return v
	}
	y := YMM()
	VEXTRACTI64X4(Imm(1), v, y)
	VPADDD(v.AsY(), y, y)
	return y
}

// foldFour adds up the lanes of each of four sums, to the lanes of an XMM.
func (s isa) foldFour(sums []VecVirtual) VecVirtual {
	for i, sum := range sums {
		sums[i] = s.half(sum)
	}
	VPHADDD(sums[1], sums[0], sums[0])
	VPHADDD(sums[3], sums[2], sums[2])
	VPHADDD(sums[2], sums[0], sums[0])
	out := XMM()
	VEXTRACTI128(Imm(1), sums[0], out)
	VPADDD(sums[0].AsX(), out, out)
	return out
}

func end() {
	VZEROUPPER()
	RET()
}

// spread returns a vector, as wide as to, full of a float32 parameter.
func spread(name string, to VecVirtual) VecVirtual {
	from, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(from.Addr, to)
	return to
}
