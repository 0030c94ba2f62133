// Command transformer writes the assembly of the kernels of embedder/vec that
// only a transformer needs (GELU, ExpSum, AddLayerNorm), with mmcloughlin/avo:
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
		gelu(s)
		expSum(s)
		addLayerNorm(s)
	}
}
