package pages_test

import (
	"slices"
	"testing"

	"marquee/recommender/model/pages"
)

func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 4<<20 + 3} {
		if got := pages.Make[uint8](n); len(got) != n || slices.ContainsFunc(got, func(v uint8) bool { return v != 0 }) {
			t.Errorf("%d values: not all are zeros", n)
		}
	}
}
