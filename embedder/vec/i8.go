package vec

import "fmt"

// MaxI8 is the greatest length that [DotI8] takes: with more values the sum
// could leave int32.
const MaxI8 = (1<<31 - 1) / (255 * 128)

// DotI8 returns the inner product of a and b, which have equal length, at most
// [MaxI8]. It is exact, so every path gives the same. 384 values take some 7 ns
// with AVX-512 VNNI, which multiplies unsigned by signed bytes; hence the two
// types: a signed query is stored with 128 added to each value, and 128 times
// the sum of b taken off the result.
func DotI8(a []uint8, b []int8) int32 {
	if len(a) != len(b) || len(a) > MaxI8 {
		panic(fmt.Sprintf("vec: DotI8 of %d and %d values, want equal lengths of at most %d", len(a), len(b), MaxI8))
	}
	return dotI8(a, b)
}

// DotI8Rows writes to dst the inner products of q with as many rows, which follow
// one another in rows, [len(dst) x len(q)]; see [DotI8] and [DotRows]. It is
// quickest when len(q) is a multiple of 64: pad both with zeros.
func DotI8Rows(dst []int32, q []uint8, rows []int8) {
	if len(rows) != len(dst)*len(q) || len(q) > MaxI8 {
		panic(fmt.Sprintf("vec: DotI8Rows of %d values as %d rows of %d, want %d, and rows of at most %d",
			len(rows), len(dst), len(q), len(dst)*len(q), MaxI8))
	}
	if len(q) == 0 {
		clear(dst)
		return
	}
	dotI8Rows(dst, q, rows)
}

// DotI8Picks writes to dst the inner products of q with the rows whose numbers are in
// picks, of rows, [? x len(q)]: what [DotI8] gives for each. It is for rows that lie far
// apart in more memory than the caches hold: it asks for the next while it works, which
// takes half the time on 100,000 x 384 (BenchmarkDotI8Picks). It is quickest when len(q)
// is a multiple of 64.
func DotI8Picks(dst []int32, q []int8, rows []uint8, picks []uint32) {
	if len(dst) != len(picks) || len(q) > MaxI8 {
		panic(fmt.Sprintf("vec: DotI8Picks of %d picks to %d results, %d values a row, want as many results, and rows of at most %d",
			len(picks), len(dst), len(q), MaxI8))
	}
	if len(q) == 0 {
		clear(dst)
		return
	}
	last := uint32(0)
	for _, p := range picks {
		last = max(last, p)
	}
	if len(picks) > 0 && len(rows)/len(q) <= int(last) {
		panic(fmt.Sprintf("vec: DotI8Picks of row %d of %d values, want one of the %d rows", last, len(q), len(rows)/len(q)))
	}
	dotI8Picks(dst, q, rows, picks)
}
