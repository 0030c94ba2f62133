package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"marquee/embedder/vec/gen/kernel"
)

// panelBytes is the size of one row of a panel, 32 values.
const panelBytes = 32 * 4

// tile multiplies as many rows of a as shapeOf allows by a panel, or the half of one. Sums
// stay in registers; each is one chain of fused multiply-adds over ascending k,
// so that the two instruction sets agree to the bit and no height of a tile
// differs from another.
func tile(s kernel.ISA) {
	columns, shape := "columns uint32", shapeOf(s)
	if s.Lanes == 8 {
		columns = "columns *int32"
	}
	kernel.Begin("tile"+s.Name, "func(c *float32, ldc int, from *float32, step int, a *float32, lda int, panel *float32, rows, k int, "+columns+")",
		fmt.Sprintf("multiplies rows rows of a, 1 to %d, by %d columns of the panel. Row r begins", shape.rows, shape.vectors*s.Lanes),
		"with from[r*step:] and ends in c[r*ldc:]. Columns is a mask of those to read and write.")
	rows := kernel.Word("rows")
	for r := shape.rows; r > 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= shape.rows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		(&tiler{ISA: s, shape: shape, rows: r}).emit()
	}
}

// A shape says how a tile fills the registers.
type shape struct {
	rows, vectors int // its height, and its width in vectors
	temps         int // vectors that broadcast values of a rotate through
	unroll        int // steps of k in one turn of the loop
}

func shapeOf(s kernel.ISA) shape {
	if s.Lanes == 16 {
		// 24 sums, 2 vectors of the panel, 6 broadcasts: all 32 registers. A
		// broadcast of its own feeds two multiplications; as an operand of each it
		// would take the place of a second load, and loads would be the limit.
		return shape{rows: 12, vectors: 2, temps: 6, unroll: 2}
	}
	// 12 sums, 2 vectors of the panel, 2 broadcasts: all 16 registers. The
	// loop is unrolled, since older cores issue four operations a cycle.
	return shape{rows: 6, vectors: 2, temps: 2, unroll: 4}
}

// A tiler emits the body of a tile of one height.
type tiler struct {
	kernel.ISA
	shape shape
	rows  int // of a, at most those of shape

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
	t.panel = kernel.Pointer("panel")
	k := kernel.Word("k")
	for _, steps := range []int{t.shape.unroll, 1} {
		loop := t.label(fmt.Sprintf("steps%dx", steps))
		Label(loop)
		CMPQ(k, Imm(uint64(steps)))
		JLT(LabelRef(loop + "done"))
		for step := range steps {
			t.step(step)
		}
		kernel.Advance(steps*panelBytes, t.panel)
		for r := 0; r < t.rows; r += 3 {
			kernel.Advance(4*steps, Mem{Base: t.a[r].Base})
		}
		SUBQ(Imm(uint64(steps)), k)
		JMP(LabelRef(loop))
		Label(loop + "done")
	}
	t.end()
	kernel.End()
}

// rowAddresses reaches each row of a from one pointer for three rows.
func (t *tiler) rowAddresses() {
	lda := kernel.Word("lda")
	SHLQ(Imm(2), lda)
	base := kernel.Word("a")
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
	b := make([]VecVirtual, t.shape.vectors)
	for v := range b {
		b[v] = t.Vector()
		VMOVUPS(t.panel.Offset(n*panelBytes+v*t.Bytes()), b[v])
	}
	temps := make([]VecVirtual, t.shape.temps)
	for r := range t.rows {
		if r < t.shape.temps {
			temps[r] = t.Vector()
		}
		x := temps[r%t.shape.temps]
		VBROADCASTSS(t.a[r].Offset(4*n), x)
		for v := range b {
			VFMADD231PS(b[v], x, t.sums[r*t.shape.vectors+v])
		}
	}
}

// begin loads the sums from where they begin.
func (t *tiler) begin() {
	from, step := kernel.Word("from"), kernel.Word("step")
	SHLQ(Imm(2), step)
	for range t.rows * t.shape.vectors {
		t.sums = append(t.sums, t.Vector())
	}
	t.mask.each(t.label("begin"), func(masked bool) {
		at := GP64()
		MOVQ(from, at)
		for i, sum := range t.sums {
			m := Mem{Base: at, Disp: i % t.shape.vectors * t.Bytes()}
			t.mask.load(masked, i%t.shape.vectors, m, sum)
			if i%t.shape.vectors == t.shape.vectors-1 && i < len(t.sums)-1 {
				ADDQ(step, at)
			}
		}
	})
}

// end stores the sums in c.
func (t *tiler) end() {
	c, ldc := kernel.Word("c"), kernel.Word("ldc")
	SHLQ(Imm(2), ldc)
	t.mask.each(t.label("end"), func(masked bool) {
		at := GP64()
		MOVQ(c, at)
		for i, sum := range t.sums {
			m := Mem{Base: at, Disp: i % t.shape.vectors * t.Bytes()}
			t.mask.store(masked, i%t.shape.vectors, sum, m)
			if i%t.shape.vectors == t.shape.vectors-1 && i < len(t.sums)-1 {
				ADDQ(ldc, at)
			}
		}
	})
}
