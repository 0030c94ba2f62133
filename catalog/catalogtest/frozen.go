package catalogtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
)

// A moment is all that a Frozen shows.
type moment struct {
	scale      catalog.Scale
	movies     []catalog.Movie
	users      []catalog.User
	histories  []catalog.UserSeen
	accounts   []catalog.Account
	lastChange int64
	count      int
	hidden     []catalog.Hidden
	corrected  []catalog.Correction
}

func readMoment(t *testing.T, f Frozen) moment {
	t.Helper()
	ctx := t.Context()
	return moment{
		scale: ok[catalog.Scale](t)(f.Scale(ctx)), movies: all(t, f.Movies(ctx)), users: all(t, f.Users(ctx)),
		histories: all(t, f.Histories(ctx)), accounts: all(t, f.Accounts(ctx)), lastChange: ok[int64](t)(f.LastChange(ctx)),
		count: ok[int](t)(f.MovieCount(ctx)), hidden: ok[[]catalog.Hidden](t)(f.Hidden(ctx)), corrected: ok[[]catalog.Correction](t)(f.Corrections(ctx, "")),
	}
}

func readLive(t *testing.T, s Store) moment {
	t.Helper()
	ctx := t.Context()
	return moment{
		scale: ok[catalog.Scale](t)(s.Scale(ctx)), movies: all(t, s.Movies(ctx)), users: all(t, s.Users(ctx)),
		histories: all(t, s.Histories(ctx)), accounts: all(t, s.Accounts(ctx)), lastChange: ok[int64](t)(s.LastChange(ctx)),
		count: ok[int](t)(s.MovieCount(ctx)), hidden: ok[[]catalog.Hidden](t)(s.Hidden(ctx)), corrected: ok[[]catalog.Correction](t)(s.Corrections(ctx, "")),
	}
}

// writeAll stores round i of something of every kind that a Frozen shows, and
// changes what was there.
func writeAll(ctx context.Context, s Store, i int) error {
	movies := []catalog.Movie{{ID: catalog.MovieID(fmt.Sprint("new", i))}, {ID: "edited", Year: 1900 + i}}
	if _, err := s.PutMovies(ctx, movies); err != nil {
		return err
	}
	if _, err := s.SetHidden(ctx, []catalog.MovieID{movies[0].ID, "edited"}, i%3 > 0, "why"); err != nil {
		return err
	}
	if _, err := s.PutCorrection(ctx, catalog.Correction{Movie: "edited", Other: movies[0].ID, Kind: catalog.Block}); err != nil {
		return err
	}
	if _, err := s.RemoveMovies(ctx, []catalog.MovieID{catalog.MovieID(fmt.Sprint("new", i-2))}); err != nil {
		return err
	}
	users := []catalog.User{{ID: catalog.UserID(fmt.Sprint("new", i))}, {ID: "edited", Age: 1 + i}}
	if _, err := s.PutUsers(ctx, users); err != nil {
		return err
	}
	at := after(time.Duration(i) * time.Hour)
	b := catalog.Batch{Partition: "writer", From: int64(i), To: int64(i + 1), Accounts: []catalog.Account{{User: users[0].ID, At: at}}}
	for u := range 50 {
		b.Minutes = append(b.Minutes, catalog.Minute{User: catalog.UserID(fmt.Sprint("u", u)), Movie: catalog.MovieID(fmt.Sprint("m", rand.IntN(40))), At: at, Minute: i})
	}
	_, err := s.Append(ctx, b)
	return err
}

// While writers are at work, a view shows one moment, whatever part of it is
// read when and however often.
func testFrozen(t *testing.T, s Store) {
	const rounds = 12
	ctx := t.Context()
	for i := range 5 {
		must(t, writeAll(ctx, s, i))
	}
	var ratings []catalog.Rating // histories of more than a page
	for i := range 9000 {
		ratings = append(ratings, catalog.Rating{User: catalog.UserID(fmt.Sprint("r", i%2)), Movie: catalog.MovieID(fmt.Sprint(i)), Value: 3, At: epoch})
	}
	ok[catalog.Tally](t)(s.PutRatings(ctx, ratings))
	before := readLive(t, s)
	view := ok[Frozen](t)(s.Freeze(ctx))
	defer view.Close()

	writers, wctx := errgroup.WithContext(ctx)
	begun := make(chan struct{})
	writers.Go(func() error {
		for i := range rounds {
			if err := writeAll(wctx, s, 5+i); err != nil {
				return err
			}
			if i == 0 {
				close(begun)
			}
		}
		return s.SetScale(wctx, catalog.Scale10)
	})
	<-begun
	same(t, "while it is written", readMoment(t, view), before)
	must(t, writers.Wait())
	live := readLive(t, s)
	if live.lastChange <= before.lastChange || len(live.histories) <= len(before.histories) {
		t.Fatalf("the live store did not move on: changes %d to %d", before.lastChange, live.lastChange)
	}
	same(t, "after it was written", readMoment(t, view), before)
	second := ok[Frozen](t)(s.Freeze(ctx))
	defer second.Close()
	same(t, "a second view", readMoment(t, second), live)
	same(t, "the first beside the second", readMoment(t, view), before)

	// The loop may call the view, and writers are not kept waiting.
	n := 0
	for m, err := range view.Movies(ctx) {
		must(t, err)
		same(t, "inside", len(all(t, view.Users(ctx))), len(before.users))
		ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: m.ID, Title: "again"}}))
		n++
	}
	same(t, "movies", n, len(before.movies))
}

// A view ends once, with its context or when it is closed, and says so; there
// may be only so many.
func testFrozenEnds(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	first := ok[Frozen](t)(s.Freeze(ctx))
	second := ok[Frozen](t)(s.Freeze(t.Context()))
	_, err := s.Freeze(t.Context())
	fails(t, "a third", err, catalog.ErrUnavailable)
	must(t, second.Close())
	must(t, second.Close())
	if _, err := second.LastChange(t.Context()); err == nil {
		t.Error("a closed view can be read")
	}
	cancel()
	for i := 0; err == nil || i == 0; i++ { // the database is told in the background
		_, err = first.LastChange(t.Context())
		time.Sleep(time.Millisecond)
	}
	for _, err = range first.Movies(t.Context()) {
	}
	if err == nil {
		t.Error("a view whose context ended can be read")
	}
	must(t, first.Close())
	for range 5 {
		must(t, ok[Frozen](t)(s.Freeze(t.Context())).Close())
	}
	must(t, writeAll(t.Context(), s, 0))
	_, err = s.Freeze(ctx)
	fails(t, "with a context that ended", err, context.Canceled)
	must(t, ok[Frozen](t)(s.Freeze(t.Context())).Close())
}
