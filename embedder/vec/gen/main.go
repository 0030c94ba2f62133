// Command gen writes the assembly of embedder/vec with mmcloughlin/avo:
//
//	go generate ./embedder/vec
//
// A kernel takes pointers and counts that the Go code beside it has checked.
// TestGenerated, in this folder, holds the committed files to this program.
package main

import (
	. "github.com/mmcloughlin/avo/build"

	"marquee/embedder/vec/gen/kernel"
)

func main() {
	emit()
	Generate()
}

// emit adds every kernel to avo's file.
func emit() {
	ConstraintExpr("amd64")
	for _, s := range kernel.ISAs {
		dot(s)
		dot4(s)
		dotRows(s)
		dotPicks(s)
		axpy(s)
		tile(s)
		atLeast(s, false)
		atLeast(s, true)
		als(s)
	}
	for _, i8 := range []i8{widened, vnni} {
		dotI8(i8)
		dotI8Rows(i8)
		dotI8Picks(i8)
	}
}
