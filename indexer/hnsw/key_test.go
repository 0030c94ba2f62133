package hnsw

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysOrderAsAnswersDo(t *testing.T) {
	score := rapid.OneOf(
		rapid.Float32Range(-1, 1),
		rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, math.MaxFloat32, -math.MaxFloat32, 1e-45, -1e-45}),
	)
	row := rapid.OneOf(rapid.Uint32Range(0, 3), rapid.Uint32Range(0, rowMask-1))
	rapid.Check(t, func(t *rapid.T) {
		s1, r1 := score.Draw(t, "score 1"), row.Draw(t, "row 1")
		s2, r2 := score.Draw(t, "score 2"), row.Draw(t, "row 2")
		a, b := newKey(s1, r1), newKey(s2, r2)
		if a.row() != r1 || a.score() != s1 || (a|followed).row() != r1 || (a|followed).score() != s1 {
			t.Fatalf("row %d, score %v become row %d, score %v", r1, s1, a.row(), a.score())
		}
		want := cmp.Or(cmp.Compare(s1+0, s2+0), cmp.Compare(r2, r1))
		if got := cmp.Compare(a, b); got != want {
			t.Fatalf("(%v, %d) to (%v, %d) is %d, want %d", s1, r1, s2, r2, got, want)
		}
	})
}

func TestBeamKeepsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 12).Draw(t, "width")
		rows := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 1000), 0, 60, rapid.ID).Draw(t, "rows")
		var b beam
		b.reset(width)
		var all []key
		var last []uint32
		for i, row := range rows {
			k := wholeKey(int32(row%17)-8, row)
			b.offer(k)
			all = append(all, k)
			if i%3 == 2 {
				if row, ok := b.follow(); ok {
					if slices.Contains(last, row) {
						t.Fatalf("row %d is followed twice", row)
					}
					last = append(last, row)
				}
			}
		}
		want := best(slices.Clone(all), width)
		got := slices.Clone(b.keys)
		for i := range got {
			got[i] &^= followed
		}
		if !slices.Equal(got, want) {
			t.Fatalf("beam holds %v, want %v", got, want)
		}
		for {
			row, ok := b.follow()
			if !ok {
				break
			}
			last = append(last, row)
		}
		for _, k := range b.keys {
			if !slices.Contains(last, k.row()) {
				t.Fatalf("row %d of the beam was never followed", k.row())
			}
		}
	})
}

func TestHeapPopsTheBestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h heap
		var all []key
		for _, row := range rapid.SliceOf(rapid.Uint32Range(0, 1000)).Draw(t, "rows") {
			k := wholeKey(int32(row%7), row)
			h.push(k)
			all = append(all, k)
		}
		var got []key
		for len(h) > 0 {
			got = append(got, h.pop())
		}
		if want := best(all, len(all)); !slices.Equal(got, want) {
			t.Fatalf("popped %v, want %v", got, want)
		}
	})
}

// Levels thin out by M, and reach no higher than a graph has room for.
func TestLevels(t *testing.T) {
	const n = 200_000
	for _, m := range []int{2, 4, 16} {
		cfg := Config{M: m, Seed: 9}
		counts := make([]int, maxLevel+1)
		for row := range uint32(n) {
			for l := range cfg.level(row) + 1 {
				counts[l]++
			}
		}
		for l, want := 1, float64(n)/float64(m); want > 100; l, want = l+1, want/float64(m) {
			if got := float64(counts[l]); math.Abs(got-want) > 6*math.Sqrt(want) {
				t.Errorf("M %d: %v rows reach level %d, want about %.0f", m, got, l, want)
			}
		}
	}
}
