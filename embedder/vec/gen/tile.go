package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// panelBytes is the size of one row of a panel, 32 values.
const panelBytes = 32 * 4

// tile multiplies up to s.rows rows of a by a panel, or the half of one. Sums
// stay in registers; each is one chain of fused multiply-adds over ascending k,
// so that the two instruction sets agree to the bit and no height of a tile
// differs from another.
func tile(s isa) {
	edge := "columns uint32"
	if s.lanes == 8 {
		edge = "columns *int32"
	}
	TEXT("tile"+s.name, NOSPLIT, "func(c *float32, ldc int, from *float32, step int, a *float32, lda int, panel *float32, rows, k int, "+edge+")")
	Pragma("noescape")
	Doc(fmt.Sprintf("tile%s multiplies rows rows of a, 1 to %d, by %d columns of the panel. Row r begins", s.name, s.rows, s.vectors*s.lanes),
		"with from[r*step:] and ends in c[r*ldc:]. Columns is a mask of those to read and write.")
	rows := Load(Param("rows"), GP64())
	for r := s.rows; r > 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= s.rows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		(&tiler{isa: s, rows: r}).emit()
	}
}

// A tiler emits the body of a tile of one height.
type tiler struct {
	isa
	rows int

	sums  []VecVirtual // [rows x vectors]
	a     []Mem        // the first value of each row
	panel Mem
	mask  edge
}

func (t *tiler) label(name string) string { return fmt.Sprintf("%s%d", name, t.rows) }

func (t *tiler) emit() {
	t.mask = t.loadEdge()
	t.begin()
	t.rowAddresses()
	t.panel = Mem{Base: Load(Param("panel"), GP64())}
	k := Load(Param("k"), GP64())
	for _, steps := range []int{t.unroll, 1} {
		loop := t.label(fmt.Sprintf("steps%dx", steps))
		Label(loop)
		CMPQ(k, Imm(uint64(steps)))
		JLT(LabelRef(loop + "done"))
		for step := range steps {
			t.step(step)
		}
		advance(steps*panelBytes, t.panel)
		for r := 0; r < t.rows; r += 3 {
			advance(4*steps, Mem{Base: t.a[r].Base})
		}
		SUBQ(Imm(uint64(steps)), k)
		JMP(LabelRef(loop))
		Label(loop + "done")
	}
	t.end()
	VZEROUPPER()
	RET()
}

// rowAddresses reaches each row of a from one pointer for three rows.
func (t *tiler) rowAddresses() {
	lda := Load(Param("lda"), GP64())
	SHLQ(Imm(2), lda)
	base := Load(Param("a"), GP64())
	for r := range t.rows {
		switch r % 3 {
		case 0:
			if r > 0 {
				next := GP64()
				LEAQ(Mem{Base: base, Index: lda, Scale: 2}, next)
				ADDQ(lda, next)
				base = next
			}
			t.a = append(t.a, Mem{Base: base})
		case 1:
			t.a = append(t.a, Mem{Base: base, Index: lda, Scale: 1})
		case 2:
			t.a = append(t.a, Mem{Base: base, Index: lda, Scale: 2})
		}
	}
}

// step is one value of each row of a against one row of the panel.
func (t *tiler) step(n int) {
	b := make([]VecVirtual, t.vectors)
	for v := range b {
		b[v] = t.vector()
		VMOVUPS(t.panel.Offset(n*panelBytes+v*t.bytes()), b[v])
	}
	temps := make([]VecVirtual, t.temps)
	for r := range t.rows {
		if r < t.temps {
			temps[r] = t.vector()
		}
		x := temps[r%t.temps]
		VBROADCASTSS(t.a[r].Offset(4*n), x)
		for v := range b {
			VFMADD231PS(b[v], x, t.sums[r*t.vectors+v])
		}
	}
}

// begin loads the sums from where they begin.
func (t *tiler) begin() {
	from, step := Load(Param("from"), GP64()), Load(Param("step"), GP64())
	SHLQ(Imm(2), step)
	for range t.rows * t.vectors {
		t.sums = append(t.sums, t.vector())
	}
	t.mask.each(t.label("begin"), func(masked bool) {
		at := GP64()
		MOVQ(from, at)
		for i, sum := range t.sums {
			m := Mem{Base: at, Disp: i % t.vectors * t.bytes()}
			t.mask.load(masked, i%t.vectors, m, sum)
			if i%t.vectors == t.vectors-1 && i < len(t.sums)-1 {
				ADDQ(step, at)
			}
		}
	})
}

// end stores the sums in c.
func (t *tiler) end() {
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	t.mask.each(t.label("end"), func(masked bool) {
		at := GP64()
		MOVQ(c, at)
		for i, sum := range t.sums {
			m := Mem{Base: at, Disp: i % t.vectors * t.bytes()}
			t.mask.store(masked, i%t.vectors, sum, m)
			if i%t.vectors == t.vectors-1 && i < len(t.sums)-1 {
				ADDQ(ldc, at)
			}
		}
	})
}
