package kernel

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Pick sets to to the addresses of rows of size bytes each, from the parameter rows on,
// whose numbers are in the parameter picks, four bytes each, from first on.
func Pick(to []Register, first, size Register) {
	picks, base := Word("picks"), Word("rows")
	for i, row := range to {
		MOVL(Mem{Base: picks, Index: first, Scale: 4, Disp: 4 * i}, row.(GPVirtual).As32())
		IMULQ(size, row)
		ADDQ(base, row)
	}
}
