//go:build !amd64

package vec

func addAt[R uint16 | uint32](t *Tally, points []float32, rows []R, values []float32, times, floor float32) int {
	return addAtGo(t, points, rows, values, times, floor)
}

func addCodedAt(t *Tally, points []float32, rows []uint32, codes []uint8, values *[Codes]float32, times float32) {
	addCodedAtGo(t, points, rows, codes, values, times)
}

func meetAt(words []Word, rows []uint32, values []float32, touched []uint32, times float32) int {
	return meetAtGo(words, rows, values, touched, times)
}

func takeAt(words []Word, rows []uint32, values []float32, factors *[MostMeetings + 1]float32) float32 {
	return takeAtGo(words, rows, values, factors)
}

func fetch[T uint8 | uint16 | uint32 | float32]([]T) {}
