package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"marquee/catalog"
)

// Of the ids in a stream those are to be asked for that nobody has answered for.
func testAbsent(t *testing.T, s Store) {
	ctx := t.Context()
	movies := func(since time.Time, ids ...catalog.MovieID) []catalog.MovieID {
		t.Helper()
		return ok[[]catalog.MovieID](t)(s.AbsentMovies(ctx, ids, since))
	}
	users := func(since time.Time, ids ...catalog.UserID) []catalog.UserID {
		t.Helper()
		return ok[[]catalog.UserID](t)(s.AbsentUsers(ctx, ids, since))
	}
	hour := time.Hour
	before, later := time.Now().Add(-hour), time.Now().Add(hour)
	same(t, "nothing asked", movies(before), nil)
	same(t, "empty store", movies(before, "b", "a", "b"), []catalog.MovieID{"b", "a"})

	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "stored"}}))
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "known"}}))
	must(t, s.PutUnknownIDs(ctx, "movie", []string{"refused", "stored"}))
	must(t, s.PutUnknownIDs(ctx, "user", []string{"refused", "refused"}))
	same(t, "answers believed", movies(before, "x", "stored", "refused", "known"), []catalog.MovieID{"x", "known"})
	same(t, "answers too old", movies(later, "x", "stored", "refused"), []catalog.MovieID{"x", "refused"})
	same(t, "people", users(before, "x", "stored", "refused", "known"), []catalog.UserID{"x", "stored"})
	same(t, "people, too old", users(later, "x", "refused", "known"), []catalog.UserID{"x", "refused"})

	// The same answer again is as good as new.
	time.Sleep(time.Millisecond)
	between := time.Now()
	same(t, "before the answer came again", movies(between, "refused"), []catalog.MovieID{"refused"})
	must(t, s.PutUnknownIDs(ctx, "movie", []string{"refused"}))
	same(t, "after", movies(between, "refused"), nil)
	same(t, "the other kind", users(between, "refused"), []catalog.UserID{"refused"})

	// More than a statement takes.
	var many, want []catalog.MovieID
	var known []string
	for i := range 2000 {
		id := catalog.MovieID(fmt.Sprint("m", i))
		many = append(many, id)
		if i%3 == 0 {
			known = append(known, string(id))
		} else {
			want = append(want, id)
		}
	}
	must(t, s.PutUnknownIDs(ctx, "movie", known))
	same(t, "many", movies(before, many...), want)
}
