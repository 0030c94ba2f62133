package catalogtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
)

// rolled returns all that was counted of the hours around the epoch.
func rolled(t *testing.T, s Store) ([]catalog.ListHour, []catalog.MovieHour) {
	t.Helper()
	from, to := after(-1000*time.Hour), after(1000*time.Hour)
	return ok[[]catalog.ListHour](t)(s.ListHours(t.Context(), from, to)), all(t, s.MovieRates(t.Context(), from, to))
}

// tallied counts lists by the definition.
func tallied(lists []catalog.Exposure, before time.Time) (heads []catalog.ListHour, movies []catalog.MovieHour) {
	type head struct {
		hour   time.Time
		bundle string
	}
	count := make(map[head]int)
	people := make(map[head]map[catalog.UserID]bool)
	had := make(map[head]map[catalog.MovieID]map[catalog.UserID]bool)
	for _, e := range lists {
		h := head{hourOf(e.At), e.Bundle}
		if h.hour.Add(time.Hour).After(before) {
			continue
		}
		if count[h]++; people[h] == nil {
			people[h], had[h] = make(map[catalog.UserID]bool), make(map[catalog.MovieID]map[catalog.UserID]bool)
		}
		people[h][e.User] = true
		for _, m := range e.Movies {
			if had[h][m.Movie] == nil {
				had[h][m.Movie] = make(map[catalog.UserID]bool)
			}
			had[h][m.Movie][e.User] = true
		}
	}
	for h := range count {
		heads = append(heads, catalog.ListHour{Hour: h.hour, Bundle: h.bundle, People: len(people[h]), Lists: count[h]})
		for m, users := range had[h] {
			movies = append(movies, catalog.MovieHour{Hour: h.hour, Bundle: h.bundle, Movie: m, People: len(users), Of: len(people[h])})
		}
	}
	slices.SortFunc(heads, func(a, b catalog.ListHour) int {
		return slices.Compare([]string{a.Hour.Format(time.RFC3339), a.Bundle}, []string{b.Hour.Format(time.RFC3339), b.Bundle})
	})
	slices.SortFunc(movies, func(a, b catalog.MovieHour) int {
		return slices.Compare([]string{a.Hour.Format(time.RFC3339), a.Bundle, string(a.Movie)}, []string{b.Hour.Format(time.RFC3339), b.Bundle, string(b.Movie)})
	})
	return heads, movies
}

// someLists returns n lists of few people, movies and bundles, served within so many hours.
func someLists(draw *rand.Rand, prefix string, n, hours int) []catalog.Exposure {
	lists := make([]catalog.Exposure, n)
	for i := range lists {
		lists[i] = catalog.Exposure{
			RequestID: fmt.Sprint(prefix, i), User: catalog.UserID(fmt.Sprint(draw.IntN(5))), Bundle: []string{"", "a", "b"}[draw.IntN(3)],
			At: hourOf(epoch).Add(time.Duration(draw.Int64N(int64(hours) * int64(time.Hour)))).Truncate(time.Microsecond),
		}
		for range draw.IntN(6) {
			lists[i].Movies = append(lists[i].Movies, catalog.Exposed{Movie: catalog.MovieID(fmt.Sprint("m", draw.IntN(8))), Source: "s", Propensity: 1})
		}
	}
	return lists
}

// Whatever was served, what is counted is that by the definition, of whole hours only, and
// of lists that came late too.
func testRates(t *testing.T, s Store) {
	ctx := t.Context()
	draw := rand.New(rand.NewPCG(9, 1))
	same(t, "nothing to count", ok[int](t)(s.RollExposures(ctx, after(0))), 0)
	lists := someLists(draw, "early", 300, 30)
	ok[int](t)(s.PutExposures(ctx, lists))
	check := func(what string, upTo time.Time) {
		t.Helper()
		heads, movies := rolled(t, s)
		wantHeads, wantMovies := tallied(lists, upTo)
		same(t, what+": hours", heads, wantHeads)
		same(t, what+": movies", movies, wantMovies)
	}
	half := hourOf(epoch).Add(15*time.Hour + 59*time.Minute)
	same(t, "half", ok[int](t)(s.RollExposures(ctx, half)), 15)
	check("half", half)
	end := hourOf(epoch).Add(30 * time.Hour)
	same(t, "the rest", ok[int](t)(s.RollExposures(ctx, end)), 15)
	check("the rest", end)
	same(t, "again", ok[int](t)(s.RollExposures(ctx, end)), 0)

	late := someLists(draw, "late", 5, 30)
	ok[int](t)(s.PutExposures(ctx, late))
	lists = append(lists, late...)
	ok[int](t)(s.RollExposures(ctx, end))
	check("late", end)
	heads, movies := rolled(t, s)
	from := hourOf(epoch).Add(3 * time.Hour)
	part := slices.DeleteFunc(slices.Clone(heads), func(h catalog.ListHour) bool { return h.Hour.Before(from) || !h.Hour.Before(half) })
	same(t, "part of the hours", ok[[]catalog.ListHour](t)(s.ListHours(ctx, from, half)), part)
	some := slices.DeleteFunc(slices.Clone(movies), func(h catalog.MovieHour) bool { return h.Hour.Before(from) || !h.Hour.Before(half) })
	same(t, "part of the movies", all(t, s.MovieRates(ctx, from, half)), some)

	ok[catalog.Removal](t)(s.Forget(ctx, "3"))
	same(t, "after somebody was forgotten", ok[int](t)(s.RollExposures(ctx, end)), 0)
	check("after somebody was forgotten", end)
}

// Counts go with the age of lists, an hour once all of it is too old.
func testRatesPrune(t *testing.T, s Store) {
	ctx := t.Context()
	lists := someLists(rand.New(rand.NewPCG(9, 2)), "", 300, 30)
	ok[int](t)(s.PutExposures(ctx, lists))
	end := hourOf(epoch).Add(30 * time.Hour)
	ok[int](t)(s.RollExposures(ctx, end))
	heads, movies := rolled(t, s)
	cut := hourOf(epoch).Add(10*time.Hour + 30*time.Minute)
	gone := ok[catalog.Removal](t)(s.Prune(ctx, catalog.Retention{Exposures: catalog.Limit{Age: end.Sub(cut)}}, end, 7, nil))
	wantHeads := slices.DeleteFunc(slices.Clone(heads), func(h catalog.ListHour) bool { return h.Hour.Before(hourOf(cut)) })
	wantMovies := slices.DeleteFunc(slices.Clone(movies), func(h catalog.MovieHour) bool { return h.Hour.Before(hourOf(cut)) })
	leftHeads, leftMovies := rolled(t, s)
	same(t, "hours", leftHeads, wantHeads)
	same(t, "movies", leftMovies, wantMovies)
	same(t, "removed", gone.Rates, int64(len(heads)-len(wantHeads)+len(movies)-len(wantMovies)))
	same(t, "lists whose hour is half gone are not counted again", ok[int](t)(s.RollExposures(ctx, end)), 0)
}

// Programs that count at once, while lists come in, count what one would.
func testRatesConcurrent(t *testing.T, s Store) {
	ctx := t.Context()
	lists := someLists(rand.New(rand.NewPCG(9, 3)), "", 200, 6)
	end := hourOf(epoch).Add(6 * time.Hour)
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			for batch := range slices.Chunk(lists, 20) {
				var err error
				if i == 0 {
					_, err = s.PutExposures(context.WithoutCancel(ctx), batch)
				} else {
					_, err = s.RollExposures(context.WithoutCancel(ctx), end)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	ok[int](t)(s.RollExposures(ctx, end))
	heads, movies := rolled(t, s)
	wantHeads, wantMovies := tallied(lists, end)
	same(t, "hours", heads, wantHeads)
	same(t, "movies", movies, wantMovies)
}
