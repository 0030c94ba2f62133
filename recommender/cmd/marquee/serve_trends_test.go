package main

import (
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender"
)

// What rose by more than chance comes first, what did not rise is no trend.
func TestTrends(t *testing.T) {
	got := trends([]catalog.MovieCount{
		{Movie: "few", Since: 4, Before: 1}, {Movie: "many", Since: 40, Before: 10}, {Movie: "new", Since: 9}, {Movie: "even", Since: 50, Before: 50}, {Movie: "fallen", Since: 1, Before: 9},
	})
	var order []catalog.MovieID
	for _, x := range got {
		order = append(order, x.Movie)
		if x.Score <= 0 || x.Score > 1 {
			t.Errorf("%s scores %v, want above 0 to 1", x.Movie, x.Score)
		}
	}
	if !slices.Equal(order, []catalog.MovieID{"many", "new", "few"}) || got[0].Score != 1 {
		t.Errorf("%v, want many first with 1, then new and few", got)
	}
	if len(trends(nil)) != 0 || !slices.Equal(trends([]catalog.MovieCount{{Movie: "x", Since: 1}}), []recommender.Trend{{Movie: "x", Score: 1}}) {
		t.Error("none and one")
	}
}
