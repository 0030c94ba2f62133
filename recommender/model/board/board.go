// Package board is where models that give points to a few movies add them up: an array
// as long as the catalog, of which only what was touched is read and cleaned.
package board

import (
	"math"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// A Row is the number of a movie.
type Row interface{ uint16 | uint32 }

// A Board adds up points of movies, and knows the sum of all and that of their squares
// at any time. Between two uses all of it is zeros. It is for one goroutine.
type Board[R Row] struct {
	points []float32
	tally  vec.Tally
	lists  [][]R // whose movies were given points
	given  int   // points given
}

// New returns a board of so many movies.
func New[R Row](movies int) *Board[R] { return &Board[R]{points: make([]float32, movies)} }

// Add gives each of rows, no two of which are alike, times its value of points. The
// board keeps rows until it is cleaned.
func (b *Board[R]) Add(rows []R, values []float32, times float32) {
	b.AddDown(rows, values, times, float32(math.Inf(-1)))
}

// AddDown is [Board.Add] of the values, which descend, that are at least floor. What is
// less is not read, but for a line of memory.
func (b *Board[R]) AddDown(rows []R, values []float32, times, floor float32) {
	n := vec.AddAt(&b.tally, b.points, rows, values, times, floor)
	b.took(rows[:n])
}

// AddCoded is [Board.Add] with codes of values in place of values.
func AddCoded(b *Board[uint32], rows []uint32, codes []uint8, values *[vec.Codes]float32, times float32) {
	vec.AddCodedAt(&b.tally, b.points, rows, codes, values, times)
	b.took(rows)
}

func (b *Board[R]) took(rows []R) {
	b.lists = append(b.lists, rows)
	b.given += len(rows)
}

// Points returns what all movies have. It is not to be changed.
func (b *Board[R]) Points() []float32 { return b.points }

// ScoreRows writes the points of rows to scores, [rows], and NaN for blanks.
func (b *Board[R]) ScoreRows(rows []uint32, scores []float32, blanks Blanks) {
	scores = scores[:len(rows)]
	for i, row := range rows {
		scores[i] = b.points[row] + blanks.Of(row) // NaN stays
	}
}

// Moments returns those of the points of n movies, those given none included.
func (b *Board[R]) Moments(n int) model.Moments {
	return model.Moments{N: float64(n), Sum: b.tally.Sum(), Squares: b.tally.Squares()}
}

// dense is how many movies are cleaned in the time that one takes which is looked up: 0.07
// and 0.55 ns.
const dense = 8

// Clean takes all points off again. It takes time proportional to the points given, or
// to the movies if that is less.
func (b *Board[R]) Clean() {
	if b.given > len(b.points)/dense {
		clear(b.points)
	} else {
		for _, rows := range b.lists {
			for _, row := range rows {
				b.points[row] = 0
			}
		}
	}
	clear(b.lists)
	b.lists, b.given, b.tally = b.lists[:0], 0, vec.Tally{}
}
