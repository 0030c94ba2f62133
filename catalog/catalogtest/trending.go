package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

func testTrending(t *testing.T, s Store) {
	ctx := t.Context()
	var from int64
	people := 0
	watch := func(movie catalog.MovieID, d time.Duration, n int) {
		b := catalog.Batch{Partition: "p", From: from, To: from + 1}
		for range n {
			people++
			b.Minutes = append(b.Minutes, catalog.Minute{User: catalog.UserID(fmt.Sprint(people)), Movie: movie, At: after(d)})
		}
		from = held(t)(s.Append(ctx, b))
	}
	watch("old", 0, 9)
	watch("steady", hour, 5)
	watch("steady", 2*hour, 5)
	watch("rising", hour, 1)
	watch("rising", 3*hour, 4)
	watch("new", 2*hour, 3)
	watch("falling", 2*hour-time.Microsecond, 7)
	held(t)(s.Append(ctx, catalog.Batch{
		Partition: "p", From: from, To: from + 1,
		Minutes: []catalog.Minute{{User: "1", Movie: "old", At: after(3 * hour), Minute: 90}}, // who began before, and goes on
		Ratings: []catalog.Rating{{User: "1", Movie: "rated", Value: 3, At: after(3 * hour)}}, // no watch
	}))
	want := []catalog.MovieCount{{Movie: "new", Since: 3}, {Movie: "rising", Since: 4, Before: 1}, {Movie: "steady", Since: 5, Before: 5}, {Movie: "falling", Before: 7}}
	want[0], want[1] = want[1], want[0] // both rose by 3
	trends := func(since, before time.Duration, limit int) []catalog.MovieCount {
		t.Helper()
		return ok[[]catalog.MovieCount](t)(s.Trending(ctx, after(since), after(before), limit))
	}
	same(t, "all", trends(2*hour, hour, 0), want)
	same(t, "the first two", trends(2*hour, hour, 2), want[:2])
	same(t, "nothing", len(trends(9*hour, 8*hour, 0)), 0)

	held(t)(s.Append(ctx, catalog.Batch{ // what comes late counts for when it was
		Partition: "p", From: from + 1, To: from + 2, Minutes: []catalog.Minute{{User: "10", Movie: "steady", At: after(0)}, {User: "15", Movie: "steady", At: after(hour)}},
	}))
	same(t, "late", trends(2*hour, hour, 0)[2:], []catalog.MovieCount{{Movie: "steady", Since: 4, Before: 5}, {Movie: "falling", Before: 7}})
	_, err := s.Trending(ctx, after(0), after(0), 0)
	fails(t, "no span", err, catalog.ErrInvalid)
}
