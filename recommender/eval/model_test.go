package eval_test

import (
	"slices"
	"testing"

	"marquee/recommender/eval"
)

func TestBaselinesNeverListSeenMovies(t *testing.T) {
	d := mustCollect(t, smallWorld(9, 40, 50), 50)
	for _, m := range []eval.Model{eval.Popularity(d), eval.Random(d, 4)} {
		for _, u := range d.Users {
			for _, n := range []int{1, 5, 20, 60} {
				list, err := m.List(t.Context(), u.User, u.Seen, n)
				if err != nil {
					t.Fatal(err)
				}
				if want := min(n, 50-len(u.Seen)); len(list) != want {
					t.Fatalf("%s: %d movies for %d seen, want %d", m.Name, len(list), len(u.Seen), want)
				}
				for i, row := range list {
					if slices.Contains(rowsOf(u.Seen), row) || slices.Contains(list[:i], row) {
						t.Fatalf("%s: list %v repeats or holds a seen movie of %v", m.Name, list, rowsOf(u.Seen))
					}
				}
			}
		}
	}
}

func TestPopularityOrder(t *testing.T) {
	d := mustCollect(t, slices.Concat(history("a", 2, 1), history("b", 2, 3), history("c", 2)), 5)
	list, err := eval.Popularity(d).List(t.Context(), "d", nil, 5)
	if want := []uint32{2, 1, 3, 0, 4}; err != nil || !slices.Equal(list, want) {
		t.Errorf("list is %v, %v; want %v", list, err, want)
	}
}
