package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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

// begin starts a kernel with pointers to float32 values, their count n, and
// what else is given. AVX2 kernels also get the mask of the last n%8 values.
func (s isa) begin(name, pointers, more, doc string) {
	signature := "func(" + pointers + " *float32, n int" + more
	if s.lanes == 8 {
		signature += ", mask *int32"
	}
	TEXT(name+s.name, NOSPLIT, signature+")")
	Pragma("noescape")
	Doc(name + s.name + doc)
}

// argument returns a vector full of a float32 parameter.
func (s isa) argument(name string) VecVirtual {
	from, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return s.spread(from.Addr)
}

// spread returns a vector full of the value at from.
func (s isa) spread(from Mem) VecVirtual {
	v := s.vector()
	VBROADCASTSS(from, v)
	return v
}

// pointer returns what a pointer parameter points to.
func pointer(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }

// each emits a walk over n values, a vector a turn and the rest under a mask. body
// fetches and stores by the edge.
func (s isa) each(pointers []Mem, body func(e edge)) {
	n := Load(Param("n"), GP64()).(GPVirtual)
	rest := s.rest(n)
	Label("whole")
	CMPQ(n, U32(s.lanes))
	JLT(LabelRef("rest"))
	body(edge{isa: s})
	for _, p := range pointers {
		ADDQ(U32(4*s.lanes), p.Base)
	}
	SUBQ(U32(s.lanes), n)
	JMP(LabelRef("whole"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	body(rest)
	Label("done")
	VZEROUPPER()
	RET()
}

// An edge lets body reach whole vectors, or the values past the last of them.
type edge struct {
	isa
	masked bool
	opmask OpmaskVirtual // AVX-512
	vector VecVirtual    // AVX2
}

// rest returns the edge of the last values of n.
func (s isa) rest(n GPVirtual) edge {
	if s.lanes == 8 {
		m := YMM()
		VMOVUPS(pointer("mask"), m)
		return edge{isa: s, masked: true, vector: m}
	}
	count, bits := GP32(), GP32()
	MOVL(n.As32(), count)
	ANDL(Imm(15), count)
	MOVL(U32(1), bits)
	SHLXL(count, bits, bits)
	DECL(bits)
	k := K()
	KMOVW(bits, k)
	return edge{isa: s, masked: true, opmask: k}
}

// get returns the vector at from, zeros past the end.
func (e edge) get(from Mem) VecVirtual {
	x := e.isa.vector()
	switch {
	case !e.masked:
		VMOVUPS(from, x)
	case e.lanes == 16:
		VMOVUPS_Z(from, e.opmask, x)
	default:
		VMASKMOVPS(from, e.vector, x)
	}
	return x
}

// put stores x at to.
func (e edge) put(x VecVirtual, to Mem) {
	switch {
	case !e.masked:
		VMOVUPS(x, to)
	case e.lanes == 16:
		VMOVUPS(x, e.opmask, to)
	default:
		VMASKMOVPS(x, e.vector, to)
	}
}
