package als

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePages is how many bytes are worth large pages.
const hugePages = 4 << 20

// factors returns n zeros. Rows of large factors are read in no order, each from a
// page of its own: with pages of 2 MB the processor need not look up most of
// them. Where the system refuses, all is the same but the time.
func factors(n int) []float32 {
	x := make([]float32, n)
	if 4*n < hugePages {
		return x
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*n)
	page := uintptr(os.Getpagesize())
	skip := -uintptr(unsafe.Pointer(&x[0])) & (page - 1)
	_ = unix.Madvise(bytes[skip:], unix.MADV_HUGEPAGE) // a hint: it may be refused
	return x
}
