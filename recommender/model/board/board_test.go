package board_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"marquee/embedder/vec"
	"marquee/recommender/model/board"
)

// Sum and squares are those of the points, and nothing is left when it is cleaned.
func TestBoard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		movies := rapid.SampledFrom([]int{1, 10, 3000}).Draw(t, "movies")
		b, want := board.New[uint32](movies), make([]float64, movies)
		for range rapid.IntRange(0, 6).Draw(t, "lists") {
			rows := rapid.SliceOfNDistinct(rapid.Uint32Range(0, uint32(movies-1)), 0, min(movies, 9), rapid.ID[uint32]).Draw(t, "rows")
			values := rapid.SliceOfN(rapid.Float32Range(-2, 5), len(rows), len(rows)).Draw(t, "values")
			times := rapid.Float32Range(0, 3).Draw(t, "times")
			b.Add(rows, values, times)
			codes, table := make([]uint8, len(rows)), new([vec.Codes]float32)
			for i, row := range rows {
				want[row] += float64(times * values[i])
				codes[i] = uint8(row * 7 % vec.Codes)
				table[codes[i]] = 1.5
				want[row] += float64(times * 1.5)
			}
			board.AddCoded(b, rows, codes, table, times)
		}
		var sum, squares float64
		for i, v := range want {
			sum, squares = sum+v, squares+v*v
			if !(math.Abs(float64(b.Points()[i])-v) < 1e-4) {
				t.Fatalf("movie %d has %v points, want %v", i, b.Points()[i], v)
			}
		}
		blanks := board.NewBlanks(movies, func(row int) bool { return row%3 == 0 })
		rows, scores := []uint32{uint32(movies - 1), 0, uint32(movies / 2)}, make([]float32, 3)
		b.ScoreRows(rows, scores, blanks)
		for i, row := range rows {
			if blank := row%3 == 0; (scores[i] != scores[i]) != blank || !blank && scores[i] != b.Points()[row] {
				t.Fatalf("movie %d scores %v, want %v, and NaN: %v", row, scores[i], b.Points()[row], blank)
			}
		}
		m := b.Moments(movies)
		if m.N != float64(movies) || !(math.Abs(m.Sum-sum) < 1e-3) || !(math.Abs(m.Squares-squares) < 1e-2) {
			t.Fatalf("moments are %v, want %v of %v", m, sum, squares)
		}
		b.Clean()
		if m := b.Moments(2); m.N != 2 || m.Sum != 0 || m.Squares != 0 {
			t.Fatalf("moments of a clean board are %v", m)
		}
		for i, v := range b.Points() {
			if v != 0 {
				t.Fatalf("movie %d has %v points on a clean board", i, v)
			}
		}
	})
}
