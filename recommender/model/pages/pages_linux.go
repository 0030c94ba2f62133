package pages

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// least is how many bytes are worth large pages.
const least = 4 << 20

func size[T Value]() int { var v T; return int(unsafe.Sizeof(v)) }

// Make returns n zeros.
func Make[T Value](n int) []T {
	x := make([]T, n)
	if size[T]()*n < least {
		return x
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), size[T]()*n)
	page := uintptr(os.Getpagesize())
	skip := -uintptr(unsafe.Pointer(&x[0])) & (page - 1)
	_ = unix.Madvise(bytes[skip:], unix.MADV_HUGEPAGE) // a hint: it may be refused
	return x
}
