package modeltest_test

import (
	"testing"

	"marquee/recommender/model/modeltest"
)

func TestMovieLens(t *testing.T) {
	d := modeltest.MovieLens(t)
	if len(d.Users) != 610 || len(d.Seen) != 100836 || len(d.Movies) != 9742 {
		t.Errorf("%d people, %d rows, %d movies; want 610, 100836, 9742", len(d.Users), len(d.Seen), len(d.Movies))
	}
	if err := d.CheckRatings(); err != nil {
		t.Error(err)
	}
}

func TestWorld(t *testing.T) {
	d := modeltest.World(1, 300, 200)
	if err := d.CheckRatings(); err != nil {
		t.Fatal(err)
	}
	for row, n := range d.Watchers() {
		if cold := row >= 180; cold && n > 0 {
			t.Errorf("movie %d was watched by %d, want nobody", row, n)
		}
	}
}
