package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An isa is one of the two vector instruction sets.
type isa struct {
	name   string
	lanes  int // float32 values in a vector
	vector func() VecVirtual
	wide   int // vectors that a kernel has in work at once, to hide latency
}

var (
	avx2   = isa{name: "AVX2", lanes: 8, vector: YMM, wide: 2}
	avx512 = isa{name: "AVX512", lanes: 16, vector: ZMM, wide: 4}
)

// begin starts a kernel with pointers to float32 values, their count n, and
// what else is given. AVX2 kernels also get the mask of the last n%8 values.
func (s isa) begin(name, pointers, more, result, doc string) {
	signature := "func(" + pointers + " *float32, n int" + more
	if s.lanes == 8 {
		signature += ", mask *int32"
	}
	TEXT(name+s.name, NOSPLIT, signature+")"+result)
	Pragma("noescape")
	Doc(name + s.name + doc)
}

func end() {
	VZEROUPPER()
	RET()
}

// vectors returns n of them.
func (s isa) vectors(n int) []VecVirtual {
	vs := make([]VecVirtual, n)
	for i := range vs {
		vs[i] = s.vector()
	}
	return vs
}

// zero clears v.
func (s isa) zero(v VecVirtual) {
	if s.lanes == 16 {
		VPXORD(v, v, v) // VXORPS on ZMM needs AVX-512DQ
		return
	}
	VXORPS(v, v, v)
}

// spread returns a vector full of the value at from.
func (s isa) spread(from Mem) VecVirtual {
	v := s.vector()
	VBROADCASTSS(from, v)
	return v
}

// argument returns a vector full of a float32 parameter.
func (s isa) argument(name string) VecVirtual {
	from, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return s.spread(from.Addr)
}

// pointer returns what a pointer parameter points to.
func pointer(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }

// reduce combines all lanes of v, and returns a vector full of the result.
func (s isa) reduce(v VecVirtual, combine func(a, b, to Op)) VecVirtual {
	y, other := YMM(), YMM()
	if s.lanes == 16 {
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
	full := s.vector()
	VBROADCASTSS(y.AsX(), full)
	return full
}

func addTo(a, b, to Op) { VADDPS(a, b, to) }
func maxTo(a, b, to Op) { VMAXPS(a, b, to) }

// A walk goes over n values behind pointers, several vectors a turn, then one,
// then what is left under a mask.
type walk struct {
	isa
	label string
	n     GPVirtual
	tail  tail
	at    []Mem // moved along
}

// over returns a walk over the n values behind each of from, which stay.
func (s isa) over(label string, t tail, from ...Mem) *walk {
	w := &walk{isa: s, label: label, n: Load(Param("n"), GP64()).(GPVirtual), tail: t}
	for _, m := range from {
		p := GP64()
		MOVQ(m.Base, p)
		w.at = append(w.at, Mem{Base: p})
	}
	return w
}

// each emits the walk. body takes count vectors; get and put fetch and store
// vector v behind pointer p, no further than the values go.
func (w *walk) each(body func(count int, e edge)) {
	for _, count := range []int{w.wide, 1} {
		label := fmt.Sprintf("%sby%d", w.label, count)
		Label(label)
		CMPQ(w.n, U32(count*w.lanes))
		JLT(LabelRef(label + "done"))
		body(count, edge{w: w})
		for _, p := range w.at {
			ADDQ(U32(4*count*w.lanes), p.Base)
		}
		SUBQ(U32(count*w.lanes), w.n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	TESTQ(w.n, w.n)
	JZ(LabelRef(w.label + "done"))
	body(1, edge{w: w, masked: true})
	Label(w.label + "done")
}
