// Command gen writes the assembly of embedder/vec with mmcloughlin/avo:
//
//	go generate ./embedder/vec
//
// A kernel takes pointers and counts that the Go code beside it has checked.
// TestGenerated, in this folder, holds the committed files to this program.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	emit()
	Generate()
}

// emit adds every kernel to avo's file.
func emit() {
	ConstraintExpr("amd64")
	for _, isa := range []isa{avx2, avx512} {
		dot(isa)
		dot4(isa)
		dotRows(isa)
		dotPicks(isa)
		axpy(isa)
		tile(isa)
		atLeast(isa, false)
		atLeast(isa, true)
		als(isa)
	}
	for _, i8 := range []i8{widened, vnni} {
		dotI8(i8)
		dotI8Rows(i8)
		dotI8Picks(i8)
	}
}
