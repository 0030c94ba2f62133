package indexer_test

import (
	"math"
	"slices"
	"testing"

	"marquee/indexer"
)

func TestProfilesAreUnitMeans(t *testing.T) {
	vecs := []float32{1, 0, 0, 1, -1, 0, 0, 0}
	half := float32(math.Sqrt(0.5))
	tests := []struct {
		name    string
		history []uint32
		want    []float32
	}{
		{"one row", []uint32{1}, []float32{0, 1}},
		{"two rows", []uint32{0, 1}, []float32{half, half}},
		{"a row twice", []uint32{0, 1, 1}, []float32{float32(1 / math.Sqrt(5)), float32(2 / math.Sqrt(5))}},
		{"none", nil, []float32{0, 0}},
		{"rows that cancel out", []uint32{0, 2}, []float32{0, 0}},
		{"a row of zeros", []uint32{3}, []float32{0, 0}},
		{"out of range", []uint32{0, 4, math.MaxUint32}, []float32{1, 0}},
	}
	for _, tt := range tests {
		if got := indexer.Profiles(vecs, 2, [][]uint32{tt.history}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := indexer.Profiles(vecs, 2, [][]uint32{{0}, {1}}); !slices.Equal(got, []float32{1, 0, 0, 1}) {
		t.Errorf("two histories give %v", got)
	}
}

// Two clusters on a circle: steps of a walk mostly stay in one.
func TestWalksStayNear(t *testing.T) {
	const n = 200
	vecs := make([]float32, 2*n)
	for row := range n {
		angle := math.Pi*float64(row%2) + float64(row)/1000
		vecs[2*row], vecs[2*row+1] = float32(math.Cos(angle)), float32(math.Sin(angle))
	}
	clear(vecs[:20]) // rows of zeros are no part of a history
	walks := indexer.Walks(5, vecs, 2, 100)
	if len(walks) != 100 {
		t.Fatalf("%d walks, want 100", len(walks))
	}
	near, steps := 0, 0
	for _, walk := range walks {
		if len(walk) < 2 {
			t.Errorf("a walk of %d rows", len(walk))
		}
		for i, row := range walk {
			if row < 10 || row >= n {
				t.Fatalf("row %d in a walk, want 10 to %d", row, n-1)
			}
			if i > 0 {
				steps++
				if row%2 == walk[i-1]%2 {
					near++
				}
			}
		}
	}
	if share := float64(near) / float64(steps); share < 0.8 || share == 1 {
		t.Errorf("%.2f of the steps stay near, want most, not all", share)
	}
	again := indexer.Walks(5, vecs, 2, 100)
	if !slices.EqualFunc(walks, again, slices.Equal) {
		t.Error("the same seed gives other walks")
	}
}

func TestWalksOfNothing(t *testing.T) {
	for _, vecs := range [][]float32{nil, make([]float32, 40)} {
		if walks := indexer.Walks(1, vecs, 2, 5); len(walks) != 0 {
			t.Errorf("%d values of zero give walks %v", len(vecs), walks)
		}
	}
	if walks := indexer.Walks(1, []float32{1, 0}, 2, -1); len(walks) != 0 {
		t.Errorf("-1 walks are %v", walks)
	}
	for _, walk := range indexer.Walks(1, []float32{1, 0}, 2, 3) {
		if slices.ContainsFunc(walk, func(row uint32) bool { return row != 0 }) {
			t.Errorf("one row gives the walk %v", walk)
		}
	}
}
