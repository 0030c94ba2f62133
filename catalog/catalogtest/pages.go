package catalogtest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
)

// Accounts, watches and ratings come in the order of their keys, whole and once,
// in more than one page; histories that are longer than a page as well.
func testPages(t *testing.T, s Store) {
	ctx := t.Context()
	same(t, "no accounts", all(t, s.Accounts(ctx)), nil)
	same(t, "no watches", all(t, s.Watches(ctx)), nil)
	same(t, "no ratings", all(t, s.Ratings(ctx)), nil)
	b := catalog.Batch{Partition: "p", To: 1}
	var watches []catalog.Watch
	for i := range 20_000 {
		user, movie := catalog.UserID(fmt.Sprint("u", i%3)), catalog.MovieID(fmt.Sprint("m", i))
		at := after(time.Duration(i) * time.Second)
		b.Accounts = append(b.Accounts, catalog.Account{User: catalog.UserID(fmt.Sprint("a", i)), At: at})
		if i%2 == 0 {
			b.Minutes = append(b.Minutes, catalog.Minute{User: user, Movie: movie, At: at, Minute: 9}, catalog.Minute{User: user, Movie: movie, At: at.AddDate(0, 0, 2)})
			watches = append(watches, catalog.Watch{User: user, Movie: movie, First: at, Last: at.AddDate(0, 0, 2), Minute: 9, Days: 2})
		}
		if i%3 == 0 || i%2 == 1 {
			b.Ratings = append(b.Ratings, catalog.Rating{User: user, Movie: movie, At: at, Value: 4})
		}
	}
	watches[0].Runtime = 100
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: watches[0].Movie, RuntimeMinutes: 100}, {ID: watches[1].Movie}}))
	held(t)(s.Append(ctx, b))

	slices.SortFunc(b.Accounts, func(x, y catalog.Account) int { return cmp.Compare(x.User, y.User) })
	slices.SortFunc(watches, func(x, y catalog.Watch) int {
		return cmp.Or(cmp.Compare(x.User, y.User), cmp.Compare(x.Movie, y.Movie))
	})
	slices.SortFunc(b.Ratings, func(x, y catalog.Rating) int {
		return cmp.Or(cmp.Compare(x.User, y.User), cmp.Compare(x.Movie, y.Movie))
	})
	same(t, "accounts", all(t, s.Accounts(ctx)), b.Accounts)
	same(t, "watches", all(t, s.Watches(ctx)), watches)
	same(t, "ratings", all(t, s.Ratings(ctx)), b.Ratings)
	for a, err := range s.Accounts(ctx) {
		must(t, err)
		same(t, "left", a, b.Accounts[0])
		break
	}
}
