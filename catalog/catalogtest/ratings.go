package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

func testRatingTally(t *testing.T, s Store) {
	ctx := t.Context()
	rate := func(user, movie string, value float64, d time.Duration) catalog.Rating {
		return catalog.Rating{User: catalog.UserID(user), Movie: catalog.MovieID(movie), Value: value, At: after(d)}
	}
	var many []catalog.Rating
	for i := range 600 {
		many = append(many, rate(fmt.Sprint("u", i%7), fmt.Sprint("m", i), 1+float64(i%5), time.Duration(i)*time.Second))
	}
	same(t, "first", ok[catalog.Tally](t)(s.PutRatings(ctx, many)), catalog.Tally{New: 600})
	same(t, "twice is once", ok[catalog.Tally](t)(s.PutRatings(ctx, many)), catalog.Tally{Same: 600})
	same(t, "mixed", ok[catalog.Tally](t)(s.PutRatings(ctx, []catalog.Rating{
		rate("u0", "m0", 5, -time.Second),     // too late
		rate("u1", "m1", 5, time.Hour),        // newer
		rate("u1", "new", 2, 0),               // of one call the latest counts, wherever it stands
		rate("u1", "new", 4, time.Second),     //
		rate("u1", "new", 3, time.Nanosecond), // less than the microsecond that is kept: at the time of the first
	})), catalog.Tally{New: 1, Changed: 1, Same: 3})
	same(t, "history", ok[[]catalog.Seen](t)(s.History(ctx, "u1", 2)), []catalog.Seen{
		{Movie: "m1", At: after(time.Hour), Rating: 5, Rated: true},
		{Movie: "m596", At: after(596 * time.Second), Rating: 2, Rated: true},
	})
	counts(t, s, catalog.Counts{Ratings: 601})
}

// Of two ratings at one time the higher stays, whichever came first; times are
// instants, wherever the clock stood; the time of a rating may be unknown.
func testRatingTies(t *testing.T, s Store) {
	ctx := t.Context()
	east := time.FixedZone("east", 5*3600)
	for n, c := range []struct {
		name   string
		a, b   catalog.Rating
		winner float64
	}{
		{"value", catalog.Rating{Value: 2, At: epoch}, catalog.Rating{Value: 4, At: epoch}, 4},
		{"zone", catalog.Rating{Value: 4, At: epoch}, catalog.Rating{Value: 2, At: epoch.Add(time.Microsecond).In(east)}, 2},
		{"no time", catalog.Rating{Value: 5}, catalog.Rating{Value: 1, At: time.Unix(0, 0)}, 1},
		{"before 1970", catalog.Rating{Value: 5, At: time.Unix(-2, 999_999_999)}, catalog.Rating{Value: 1, At: time.Unix(-1, 0)}, 1},
		{"below a microsecond", catalog.Rating{Value: 5, At: epoch.Add(1)}, catalog.Rating{Value: 1, At: epoch.Add(2)}, 5},
		{"far", catalog.Rating{Value: 5, At: epoch}, catalog.Rating{Value: 1, At: time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)}, 1},
	} {
		for i, order := range [][]catalog.Rating{{c.a, c.b}, {c.b, c.a}} {
			for together := range 2 {
				user := catalog.UserID(fmt.Sprintf("u%d-%d-%d", n, i, together))
				var both []catalog.Rating
				for _, r := range order {
					r.User, r.Movie = user, "1"
					both = append(both, r)
				}
				if together == 1 {
					ok[catalog.Tally](t)(s.PutRatings(ctx, both))
				} else {
					ok[catalog.Tally](t)(s.PutRatings(ctx, both[:1]))
					ok[catalog.Tally](t)(s.PutRatings(ctx, both[1:]))
				}
				seen := ok[[]catalog.Seen](t)(s.History(ctx, user, 0))
				if len(seen) != 1 || seen[0].Rating != c.winner {
					t.Errorf("%s, order %d, together %d: history %+v, want one rating of %v", c.name, i, together, seen, c.winner)
				}
			}
		}
	}
}

func testScale(t *testing.T, s Store) {
	ctx := t.Context()
	rate := func(v float64) error {
		_, err := s.PutRatings(ctx, []catalog.Rating{{User: "u", Movie: catalog.MovieID(fmt.Sprint("m", v)), Value: v, At: epoch}})
		return err
	}
	fails(t, "half a star on 1 to 5", rate(3.5), catalog.ErrInvalid)
	must(t, s.SetScale(ctx, catalog.ScaleMovieLens))
	same(t, "scale", ok[catalog.Scale](t)(s.Scale(ctx)), catalog.ScaleMovieLens)
	must(t, rate(3.5))
	must(t, rate(5))
	fails(t, "6 on 0.5 to 5", rate(6), catalog.ErrInvalid)
	fails(t, "stored ratings off the new scale", s.SetScale(ctx, catalog.Scale5), catalog.ErrInvalid)
	fails(t, "no scale", s.SetScale(ctx, catalog.Scale{Min: 5, Max: 1, Step: 1}), catalog.ErrInvalid)
	same(t, "scale stays", ok[catalog.Scale](t)(s.Scale(ctx)), catalog.ScaleMovieLens)
	must(t, s.SetScale(ctx, catalog.Scale{Min: 0, Max: 10, Step: 0.5}))
	counts(t, s, catalog.Counts{Ratings: 2})
}
