package kernel

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Half adds the halves of an AVX-512 vector of int32; a YMM is left as it is.
func (s ISA) Half(v VecVirtual) VecVirtual {
	if s.Lanes == 8 {
		return v
	}
	y := YMM()
	VEXTRACTI64X4(Imm(1), v, y)
	VPADDD(v.AsY(), y, y)
	return y
}

// FoldFour adds up the int32 lanes of each of four sums, to the lanes of an XMM.
func (s ISA) FoldFour(sums []VecVirtual) VecVirtual {
	for i, sum := range sums {
		sums[i] = s.Half(sum)
	}
	VPHADDD(sums[1], sums[0], sums[0])
	VPHADDD(sums[3], sums[2], sums[2])
	VPHADDD(sums[2], sums[0], sums[0])
	out := XMM()
	VEXTRACTI128(Imm(1), sums[0], out)
	VPADDD(sums[0].AsX(), out, out)
	return out
}
