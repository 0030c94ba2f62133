package lookup_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/catalog/lookup"
)

// What the stream names is looked up once, and what is known not at all.
func TestUnknownIDsAreLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.movies["heat"], r.unknown["noise"] = true, true
		r.run()
		for range 5 {
			r.watch("7", "heat", "ronin", "noise")
			r.sleep(time.Second)
		}
		if !r.movies["ronin"] || !r.users["7"] || r.refused["movie noise"].IsZero() {
			t.Errorf("stored %v, %v, unknown %v; want ronin, 7 and noise", r.movies, r.users, r.refused)
		}
		if len(r.asked) != 3 {
			t.Errorf("asked for %v, want ronin, noise and 7, once each", r.asked)
		}
		if s := r.lookup.Stats(); s.Looked != 4 || s.Asked != 3 || s.Found != 2 || s.Unknown != 1 || s.Down || s.Sweeps != 1 {
			t.Errorf("stats %+v", s)
		}
		if _, err := r.sink.Append(t.Context(), catalog.Batch{Ratings: []catalog.Rating{{User: "8", Movie: "up"}}, Accounts: []catalog.Account{{User: "9"}}}); err != nil {
			t.Fatal(err)
		}
		r.sleep(time.Second)
		if !r.movies["up"] || !r.users["8"] || !r.users["9"] {
			t.Errorf("of a rating and an account: %v, %v", r.movies, r.users)
		}
		r.sleep(48 * time.Hour)
		r.with(func() { clear(r.seen); clear(r.people) }) // so that no sweep helps
		r.watch("7", "noise", "ronin")
		r.sleep(time.Second)
		if n := r.count("movie noise"); n != 2 {
			t.Errorf("an unknown id was asked for %d times in two days, want 2", n)
		}
	})
}

// A batch that was not taken teaches nothing.
func TestRefusedBatchesAreNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.away = catalog.ErrUnavailable
		if _, err := r.sink.Append(t.Context(), catalog.Batch{Minutes: []catalog.Minute{{User: "7", Movie: "up"}}}); !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		if s := r.lookup.Stats(); s.QueuedMovies+s.QueuedUsers != 0 {
			t.Errorf("stats %+v, want nothing queued", s)
		}
	})
}

// What was in the queue of a process that ended, and what never fitted into it, is
// found by sweeps.
func TestSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		before := newRig(t, w, nil)
		before.watch("1", "lost") // and never Run
		r := newRig(t, w, func(c *lookup.Config) { c.Queue, c.Bulk = 10, 3 })
		r.watch("2", names("m", 100)...)
		if s := r.lookup.Stats(); s.QueuedMovies != 10 || s.Dropped != 90 {
			t.Errorf("stats %+v, want 10 queued and 90 dropped", s)
		}
		r.run()
		r.sleep(20 * time.Minute)
		if len(r.movies) != 101 || !r.movies["lost"] || len(r.users) != 2 {
			t.Errorf("%d movies and %d people, want all 101 and 2", len(r.movies), len(r.users))
		}
		if n := r.count("movie"); n != 101 {
			t.Errorf("asked %d times for 101 movies", n)
		}
	})
}

// While the API is away the stream flows on, ids wait, and it is said once.
func TestAPIAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.run()
		r.with(func() { r.down = fmt.Errorf("cable cut: %w", catalog.ErrUnavailable) })
		for i := range 100 {
			r.watch("7", names(fmt.Sprint(i), 3)...)
			r.sleep(10 * time.Second)
		}
		s := r.lookup.Stats()
		if !s.Down || !strings.Contains(s.Reason, "cable cut") || s.QueuedMovies != 300 || s.QueuedUsers != 1 || s.Asked != 0 {
			t.Errorf("stats %+v, want all waiting", s)
		}
		r.with(func() { r.down = nil })
		r.sleep(2 * time.Minute)
		if s := r.lookup.Stats(); s.Down || s.Reason != "" || len(r.movies) != 300 || len(r.users) != 1 {
			t.Errorf("back: stats %+v, %d movies and %d people", s, len(r.movies), len(r.users))
		}
		if a, b := strings.Count(r.buf.String(), "cannot be looked up"), strings.Count(r.buf.String(), "looked up again"); a != 1 || b != 1 {
			t.Errorf("said %d and %d times, want once each:\n%s", a, b, r.buf)
		}
	})
}

// An API that goes away in the middle loses no answer and asks for none again; so
// does a store that goes away between question and answer.
func TestAwayInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.takes = time.Second
		r.run()
		r.sleep(0)
		r.watch("7", names("m", 20)...)
		r.sleep(10*time.Second + 500*time.Millisecond)
		r.with(func() { r.down = catalog.ErrUnavailable })
		r.sleep(2 * time.Second)
		if len(r.movies) != 10 {
			t.Errorf("%d movies stored, want the 10 that were answered", len(r.movies))
		}
		r.with(func() { r.down = nil })
		r.sleep(5 * time.Second)
		r.with(func() { r.away = catalog.ErrUnavailable })
		r.sleep(10 * time.Minute)
		if s := r.lookup.Stats(); !s.Down || len(r.movies) != 10 {
			t.Errorf("stats %+v, %d movies", s, len(r.movies))
		}
		r.with(func() { r.away = nil })
		r.sleep(5 * time.Minute)
		if len(r.movies) != 20 || r.count("movie") != 20 || len(r.users) != 1 || r.lookup.Stats().Down {
			t.Errorf("%d movies of %d questions, %d people, %+v; want 20 of 20, and one", len(r.movies), r.count("movie"), len(r.users), r.lookup.Stats())
		}
	})
}

// A store that cannot say what is absent takes nothing out of the queue.
func TestStoreAwayBeforeTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.run()
		r.sleep(0)
		r.watch("7", "up") // Run has not been awake since
		r.with(func() { r.away = catalog.ErrUnavailable })
		r.sleep(time.Minute)
		r.with(func() { r.away = nil; clear(r.seen); clear(r.people) }) // so that no sweep helps
		r.sleep(2 * time.Minute)
		if s := r.lookup.Stats(); !r.movies["up"] || !r.users["7"] || s.Down {
			t.Errorf("stored %v and %v, stats %+v", r.movies, r.users, s)
		}
	})
}

// An id is not looked at twice while its generation lasts or the next.
func TestMemoryLastsTwoGenerations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), func(c *lookup.Config) { c.Users = false })
		r.unknown["noise"] = true
		r.run()
		for _, c := range []struct {
			after  time.Duration
			looked int64
		}{{0, 1}, {11 * time.Hour, 1}, {2 * time.Hour, 1}, {10 * time.Hour, 1}, {3 * time.Hour, 2}, {60 * time.Hour, 3}} {
			r.sleep(c.after)
			r.watch("7", "noise")
			r.sleep(time.Second)
			if n := r.lookup.Stats().Looked; n != c.looked {
				t.Errorf("%v later: looked for %d times, want %d", c.after, n, c.looked)
			}
		}
	})
}

// What was answered is stored when the process ends.
func TestEndStoresAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.takes = time.Second
		stop := r.run()
		r.sleep(0)
		r.watch("7", names("m", 20)...)
		r.sleep(5*time.Second + 500*time.Millisecond)
		stop()
		if len(r.movies) != 5 {
			t.Errorf("%d movies stored, want the 5 that were answered", len(r.movies))
		}
	})
}

// However many people come, a movie waits for one bulk of them.
func TestPeopleDoNotStarveMovies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), func(c *lookup.Config) { c.Bulk = 10 })
		r.takes = 20 * time.Millisecond
		r.run()
		r.sleep(0)
		var b catalog.Batch
		for i := range 5000 {
			b.Accounts = append(b.Accounts, catalog.Account{User: catalog.UserID(fmt.Sprint(i))})
		}
		if _, err := r.sink.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		r.sleep(time.Second)
		for i := range 5 {
			id := catalog.MovieID(fmt.Sprint("m", i))
			r.watch("7", id)
			r.sleep(500 * time.Millisecond)
			if !r.movies[id] {
				t.Errorf("a movie waits for more than half a second while %d people do", r.lookup.Stats().QueuedUsers)
			}
		}
		if n := r.lookup.Stats().QueuedUsers; n == 0 || n > 4900 {
			t.Errorf("%d people wait, want some, and not all", n)
		}
	})
}

// One id whose record cannot be had is asked for again later and later, however
// many sweeps there are, and holds up no other.
func TestFaultsArePostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.fault["bad"], r.invalid["odd"] = true, true
		r.run()
		r.watch("7", "good", "bad", "odd", "fine")
		r.sleep(time.Second)
		if !r.movies["good"] || !r.movies["fine"] || r.lookup.Stats().Postponed != 2 || r.lookup.Stats().Down {
			t.Errorf("stored %v, stats %+v", r.movies, r.lookup.Stats())
		}
		r.sleep(24 * time.Hour)
		var at []time.Time
		r.with(func() {
			for i, a := range r.asked {
				if a == "movie bad" {
					at = append(at, r.at[i])
				}
			}
		})
		if len(at) < 8 || len(at) > 14 {
			t.Errorf("asked %d times in a day, want some ten", len(at))
		}
		for i := 2; i < len(at); i++ {
			if at[i].Sub(at[i-1]) < at[i-1].Sub(at[i-2]) {
				t.Errorf("question %d came %v after the last, which came after %v", i, at[i].Sub(at[i-1]), at[i-1].Sub(at[i-2]))
			}
		}
		r.with(func() { r.fault["bad"], r.invalid["odd"] = false, false })
		r.sleep(7 * time.Hour)
		if s := r.lookup.Stats(); !r.movies["bad"] || !r.movies["odd"] || s.Postponed != 0 {
			t.Errorf("mended: stored %v, stats %+v", r.movies, s)
		}
	})
}

// An id that was put off, and for which there is no room when the API goes away just
// as it is asked for again, is asked for again all the same.
func TestPostponedIsNotStranded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), func(c *lookup.Config) { c.Users, c.Queue = false, 2 })
		r.takes = 10 * time.Second
		r.fault["rotten"] = true
		r.run()
		r.watch("7", "rotten")
		r.sleep(75 * time.Second) // put off after 10 s for a minute, and asked for again
		if s := r.lookup.Stats(); s.Postponed != 1 || s.QueuedMovies != 0 {
			t.Fatalf("stats %+v, want one id that is asked for", s)
		}
		r.watch("7", "heat", "up") // the queue is full
		r.with(func() { r.down, r.fault["rotten"] = errors.New("connection refused"), false })
		r.sleep(time.Minute)
		if s := r.lookup.Stats(); s.Dropped != 1 || s.Postponed != 1 {
			t.Fatalf("stats %+v, want no room for what was put off", s)
		}
		r.with(func() { r.down = nil })
		r.sleep(time.Hour)
		if !r.movies["rotten"] || !r.movies["heat"] || !r.movies["up"] {
			t.Errorf("stored %v after an hour, want all three; %+v", r.movies, r.lookup.Stats())
		}
	})
}

// A wrong base URL answers 404 to everything. Nothing of that is remembered, and it
// is not asked without end.
func TestWrongAddressPoisonsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.bare = true
		for _, id := range append(names("m", 50), "7") {
			r.unknown[string(id)] = true
		}
		r.run()
		r.watch("7", names("m", 50)...)
		r.sleep(time.Hour)
		if s := r.lookup.Stats(); len(r.refused) != 0 || s.Unknown != 0 || !strings.Contains(s.Reason, "base URL") && s.Down || s.Asked > 400 {
			t.Errorf("unknown %v, stats %+v", r.refused, s)
		}
		if !strings.Contains(r.buf.String(), "base URL") {
			t.Errorf("the log does not say what may be wrong:\n%s", r.buf)
		}
		r.with(func() { clear(r.unknown); r.unknown["m00003"] = true })
		r.sleep(7 * time.Hour)
		if len(r.movies) != 49 || len(r.refused) != 1 || len(r.users) != 1 {
			t.Errorf("mended: %d movies, unknown %v, %d people", len(r.movies), r.refused, len(r.users))
		}
	})
}

// A store that is away at the start is swept when it is there.
func TestStoreAwayAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), nil)
		r.seen["up"], r.away = struct{}{}, catalog.ErrUnavailable
		r.run()
		r.sleep(time.Hour)
		if s := r.lookup.Stats(); !s.Down || s.Sweeps != 0 {
			t.Errorf("stats %+v", s)
		}
		r.with(func() { r.away = nil })
		r.sleep(2 * time.Minute)
		if s := r.lookup.Stats(); s.Down || s.Sweeps == 0 || !r.movies["up"] {
			t.Errorf("stats %+v", s)
		}
	})
}

// Without Config.Users only movies are looked up.
func TestMoviesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newWorld(), func(c *lookup.Config) { c.Users = false })
		r.run()
		r.watch("7", "up")
		r.sleep(time.Hour)
		if !r.movies["up"] || len(r.users) != 0 {
			t.Errorf("stored %v and %v", r.movies, r.users)
		}
	})
}

func TestConfig(t *testing.T) {
	if err := lookup.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	_, err := lookup.New(lookup.Config{}, nil, nil, time.Now, nil)
	for _, part := range []string{"at once", "wait", "remembered", "negative", "sweeps", "delays", "one id"} {
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), part) {
			t.Errorf("settings of all zeros: %v, want %q", err, part)
		}
	}
}

// blackhole takes all and keeps nothing.
type blackhole struct{}

func (blackhole) Append(context.Context, catalog.Batch) (catalog.Applied, error) {
	return catalog.Applied{}, nil
}
