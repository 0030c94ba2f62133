package vec

import "fmt"

// MaxI8 is the greatest length that [DotI8] takes: with more values the sum
// could leave int32.
const MaxI8 = (1<<31 - 1) / (255 * 128)

// DotI8 returns the inner product of a and b, which have equal length, at most
// [MaxI8]. It is exact, so every path gives the same. 384 values take some 10 ns
// with AVX-512 VNNI, which multiplies unsigned by signed bytes; hence the two
// types: a signed query is stored with 128 added to each value, and 128 times
// the sum of b taken off the result.
func DotI8(a []uint8, b []int8) int32 {
	if len(a) != len(b) || len(a) > MaxI8 {
		panic(fmt.Sprintf("vec: DotI8 of %d and %d values, want equal lengths of at most %d", len(a), len(b), MaxI8))
	}
	return dotI8(a, b)
}
