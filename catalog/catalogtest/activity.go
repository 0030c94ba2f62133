package catalogtest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
)

func testActiveSince(t *testing.T, s Store) {
	ctx := t.Context()
	var from int64
	watch := func(users ...catalog.UserID) {
		t.Helper()
		b := catalog.Batch{Partition: "p", From: from, To: from + 1}
		for _, u := range users {
			b.Minutes = append(b.Minutes, catalog.Minute{User: u, Movie: "1", At: after(time.Duration(from) * time.Minute), Minute: int(from)})
		}
		from = held(t)(s.Append(ctx, b))
	}
	since := func(seq int64, limit int) ([]catalog.UserID, int64) {
		t.Helper()
		users, last, err := s.ActiveSince(ctx, seq, limit)
		must(t, err)
		return users, last
	}
	users, start := since(0, 0)
	same(t, "nobody", users, nil)
	same(t, "nobody: number", start, 0)
	same(t, "nobody: last activity", ok[int64](t)(s.LastActivity(ctx)), 0)

	watch("c", "a", "b")
	users, last := since(start, 2)
	same(t, "first two", users, []catalog.UserID{"a", "b"})
	users, last = since(last, 2)
	same(t, "the rest", users, []catalog.UserID{"c"})
	users, end := since(last, 2)
	same(t, "no more", users, nil)
	same(t, "no more: number", end, last)

	watch("a")
	ok[catalog.Tally](t)(s.PutRatings(ctx, []catalog.Rating{{User: "d", Movie: "1", Value: 3, At: epoch}}))
	users, last = since(end, 0)
	same(t, "last activity", ok[int64](t)(s.LastActivity(ctx)), last)
	same(t, "by commit", users, []catalog.UserID{"a", "d"})
	users, _ = since(start, 0)
	same(t, "each once, at the latest", users, []catalog.UserID{"b", "c", "a", "d"})

	ok[catalog.Tally](t)(s.PutRatings(ctx, []catalog.Rating{{User: "d", Movie: "1", Value: 3, At: epoch}}))
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", From: from, To: from + 1, Accounts: []catalog.Account{{User: "e", At: epoch}}}))
	users, _ = since(last, 0)
	same(t, "nothing grew", users, nil)

	for range 2 { // a record that changed counts, one that is the same does not
		ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "f", Age: 12}}))
	}
	users, last = since(last, 0)
	same(t, "a new record", users, []catalog.UserID{"f"})
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "f", Age: 12}}))
	users, _ = since(last, 0)
	same(t, "the same record", users, nil)
}

// A reader that goes on from where it stood meets everybody, however the
// writers' commits fall.
func testActiveSinceConcurrent(t *testing.T, s Store) {
	const writers, rounds = 4, 25
	ctx := t.Context()
	var group sync.WaitGroup
	faults := make(chan error, writers)
	for w := range writers {
		group.Go(func() {
			for i := range rounds {
				user := catalog.UserID(fmt.Sprint("w", w, "-", i))
				b := catalog.Batch{Partition: fmt.Sprint("p", w), From: int64(i), To: int64(i + 1), Minutes: []catalog.Minute{
					{User: user, Movie: "1", At: after(time.Duration(i) * time.Second)},
					{User: "everybody's", Movie: catalog.MovieID(fmt.Sprint(w, "-", i)), At: epoch},
				}}
				if _, err := s.Append(ctx, b); err != nil {
					faults <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	met := make(map[catalog.UserID]bool)
	var last int64
	read := func() {
		users, next, err := s.ActiveSince(ctx, last, 3)
		must(t, err)
		if next < last || next == last && len(users) > 0 {
			t.Fatalf("number went from %d to %d with %d users", last, next, len(users))
		}
		for _, u := range users {
			met[u] = true
		}
		last = next
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(time.Millisecond):
		}
		read()
	}
	for before := int64(-1); before != last; {
		before = last
		read()
	}
	select {
	case err := <-faults:
		t.Fatal(err)
	default:
	}
	same(t, "people met", len(met), writers*rounds+1)
	same(t, "shared history", len(ok[[]catalog.Seen](t)(s.History(ctx, "everybody's", 0))), writers*rounds)
}
