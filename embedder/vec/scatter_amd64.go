package vec

//go:generate go run ./gen/scatter -pkg vec -out scatter_kernels_amd64.s -stubs scatter_kernels_amd64.go

import (
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// limitOf is the number of points as kernels take it, whose places are signed.
func limitOf(n int) uint32 { return uint32(min(n, math.MaxInt32)) }

// within panics if a kernel ended at a row that is beyond the points.
func within[R uint16 | uint32](rows []R, done, points int) {
	if done < len(rows) { // it ends before the sixteen of which one is
		at := slices.IndexFunc(rows[done:], func(row R) bool { return uint32(row) >= limitOf(points) })
		panic(fmt.Sprintf("vec: row %d of %d points", rows[done+at], points))
	}
}

func addAt[R uint16 | uint32](t *Tally, points []float32, rows []R, values []float32, times, floor float32) int {
	if current() != pathAVX512 || len(rows) == 0 || len(points) == 0 {
		return addAtGo(t, points, rows, values, times, floor)
	}
	var done int
	at := unsafe.Pointer(&rows[0])
	if unsafe.Sizeof(rows[0]) == 2 {
		done = addAt16AVX512(&t.lanes[0][0], &points[0], (*uint16)(at), &values[0], times, floor, limitOf(len(points)), len(rows))
	} else {
		done = addAt32AVX512(&t.lanes[0][0], &points[0], (*uint32)(at), &values[0], times, floor, limitOf(len(points)), len(rows))
	}
	if done < len(rows) && values[done] < floor {
		return done
	}
	within(rows, done, len(points))
	return done
}

func addCodedAt(t *Tally, points []float32, rows []uint32, codes []uint8, values *[Codes]float32, times float32) {
	if current() != pathAVX512 || len(rows) == 0 || len(points) == 0 {
		addCodedAtGo(t, points, rows, codes, values, times)
		return
	}
	done := addCodedAt32AVX512(&t.lanes[0][0], &points[0], &rows[0], &codes[0], &values[0], times, limitOf(len(points)), len(rows))
	within(rows, done, len(points))
}

func meetAt(words []Word, rows []uint32, values []float32, touched []uint32, times float32) int {
	if current() != pathAVX512 || len(rows) == 0 || len(words) == 0 {
		return meetAtGo(words, rows, values, touched, times)
	}
	done, met := meetAtAVX512((*uint32)(&words[0]), &rows[0], &values[0], &touched[0], times/unit, limitOf(len(words)), len(rows))
	within(rows, done, len(words))
	return met
}

func takeAt(words []Word, rows []uint32, values []float32, factors *[MostMeetings + 1]float32) float32 {
	if current() != pathAVX512 || len(rows) == 0 || len(words) == 0 {
		return takeAtGo(words, rows, values, factors)
	}
	done, most := takeAtAVX512((*uint32)(&words[0]), &rows[0], &values[0], &factors[0], limitOf(len(words)), len(rows))
	within(rows, done, len(words))
	return most
}

// fetch asks for all lines that x, which is not empty, lies in.
func fetch[T uint8 | uint16 | uint32 | float32](x []T) {
	const line = 64
	first := unsafe.Pointer(&x[0])
	bytes := uintptr(first)%line + uintptr(len(x))*unsafe.Sizeof(x[0])
	fetchLines((*byte)(first), int(bytes+line-1)/line)
}
