package board_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"marquee/recommender/model/board"
)

// plain is what a board does without kernels.
type plain struct {
	points       []float32
	sum, squares float64
}

func (b *plain) add(rows []uint32, values []float32, times float32) {
	points := b.points
	values = values[:len(rows)]
	var sum0, sum1, squares0, squares1 float32
	i := 0
	for ; i+2 <= len(rows); i += 2 {
		u, v := times*values[i], times*values[i+1]
		p, q := rows[i], rows[i+1]
		x := points[p]
		points[p] = x + u
		y := points[q]
		points[q] = y + v
		sum0 += u
		sum1 += v
		squares0 += (x + x + u) * u
		squares1 += (y + y + v) * v
	}
	b.sum += float64(sum0) + float64(sum1)
	b.squares += float64(squares0) + float64(squares1)
}

// BenchmarkBoard adds lists to a board of 27,000 movies and cleans it, beside the plain
// loop, which does not clean.
func BenchmarkBoard(b *testing.B) {
	const movies = 27_000
	rng := rand.New(rand.NewPCG(1, 1))
	for _, size := range [][2]int{{20, 10}, {60, 20}, {20, 150}, {20, 300}} {
		lists, values := make([][]uint32, size[0]), make([]float32, size[1])
		for i := range lists {
			for _, row := range rng.Perm(movies)[:size[1]] {
				lists[i] = append(lists[i], uint32(row))
			}
		}
		name := fmt.Sprintf("lists=%d/rows=%d", size[0], size[1])
		full, bare := board.New[uint32](movies), &plain{points: make([]float32, movies)}
		b.Run(name+"/loop", func(b *testing.B) {
			for b.Loop() {
				for _, rows := range lists {
					bare.add(rows, values, 2)
				}
			}
		})
		b.Run(name+"/board", func(b *testing.B) {
			for b.Loop() {
				for _, rows := range lists {
					full.Add(rows, values, 2)
				}
				full.Clean()
			}
		})
		b.Run(name+"/clean", func(b *testing.B) {
			for b.Loop() {
				for _, rows := range lists {
					full.Add(rows[:0], nil, 2)
				}
				full.Clean()
			}
		})
	}
}
