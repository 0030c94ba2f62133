package board

import "math"

// Blanks are the movies of which a model knows nothing, one bit each: a thirtieth of the
// memory of a column of zeros and NaN, which no cache near the processor keeps.
type Blanks []uint64

// NewBlanks returns those of so many movies.
func NewBlanks(movies int, blank func(row int) bool) Blanks {
	b := make(Blanks, (movies+63)/64)
	for row := range movies {
		if blank(row) {
			b[row/64] |= 1 << (row % 64)
		}
	}
	return b
}

// scores are what a movie scores that has no points, known or blank.
var scores = [2]float32{0, float32(math.NaN())}

// Of returns 0, or NaN of a row that is one of them.
func (b Blanks) Of(row uint32) float32 { return scores[b[row/64]>>(row%64)&1] }
