package kernel

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A Mask keeps loads and stores inside the values that there are. Without Opmask and YMM
// it is that of a whole vector.
type Mask struct {
	ISA    ISA
	Opmask OpmaskVirtual     // AVX-512: of the lanes with a value
	YMM    func() VecVirtual // AVX2: a vector with the sign bits of those lanes set, asked for at each use
}

// Get returns the vector at from, zeros past the end.
func (m Mask) Get(from Mem) VecVirtual {
	x := m.ISA.Vector()
	switch {
	case m.Opmask != nil:
		VMOVUPS_Z(from, m.Opmask, x)
	case m.YMM != nil:
		VMASKMOVPS(from, m.YMM(), x)
	default:
		VMOVUPS(from, x)
	}
	return x
}

// Operand is [Mask.Get], but a whole vector stays in memory.
func (m Mask) Operand(from Mem) Op {
	if m.Opmask == nil && m.YMM == nil {
		return from
	}
	return m.Get(from)
}

// Put stores x at to.
func (m Mask) Put(x VecVirtual, to Mem) {
	switch {
	case m.Opmask != nil:
		VMOVUPS(x, m.Opmask, to)
	case m.YMM != nil:
		VMASKMOVPS(x, m.YMM(), to)
	default:
		VMOVUPS(x, to)
	}
}

// LowLanes returns a mask of the low n lanes for AVX-512; n is below 16.
func LowLanes(n GPVirtual) OpmaskVirtual {
	bits := GP32()
	MOVL(U32(1), bits)
	SHLXL(n.As32(), bits, bits)
	DECL(bits)
	k := K()
	KMOVW(bits, k)
	return k
}

// Masked returns params, and for AVX2 one more: mask, that of the values past the last
// whole vector, which AVX-512 makes for itself.
func (s ISA) Masked(params string) string {
	if s.Lanes == 8 {
		return params + ", mask *int32"
	}
	return params
}

// LoadMask returns the vector behind the parameter mask of [ISA.Masked].
func LoadMask() VecVirtual {
	table, m := Pointer("mask"), YMM()
	VMOVUPS(table, m)
	return m
}
