// Command scatter writes the assembly of the kernels of embedder/vec that add to places
// which lie apart (AddAt, AddCodedAt, MeetAt, TakeAt), and of Fetch, with mmcloughlin/avo:
//
//	go generate ./embedder/vec
//
// Those that add are for AVX-512 alone: AVX2 has no scatter. A kernel takes pointers and counts
// that the Go code beside it has checked; the places it checks itself, before it reads or
// writes any of sixteen. TestGenerated, in this folder, holds the committed files to this
// program.
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
	add("addAt16AVX512", "rows *uint16", false)
	add("addAt32AVX512", "rows *uint32", false)
	add("addCodedAt32AVX512", "rows *uint32", true)
	meet()
	take()
	fetch()
}
