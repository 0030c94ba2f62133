package kernel

import (
	. "github.com/mmcloughlin/avo/build"
)

// Begin starts a kernel. Signature is what Go writes behind its name, from "func" on; doc
// is what it does, line by line, and follows the name.
func Begin(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(append([]string{name + " " + doc[0]}, doc[1:]...)...)
}

// End returns from a kernel; vectors are left as Go wants them.
func End() {
	VZEROUPPER()
	RET()
}
