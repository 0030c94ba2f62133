package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// PostgreSQL tells listeners of changes once they can be read, and of nothing
// that was not stored.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	dsn := dsns[sqlstore.Postgres](t)
	s := mustOpen(t, dsn)
	listener := pq.NewListener(dsn, time.Second, time.Minute, nil)
	defer listener.Close()
	if err := listener.Listen(sqlstore.ChangesChannel); err != nil {
		t.Fatal(err)
	}
	told := func(want int64, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-listener.Notify:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told of a change")
		}
		if last, err := s.LastChange(t.Context()); err != nil || last != want {
			t.Errorf("told of change %d, %v; want %d", last, err, want)
		}
	}
	told(1, func() error { return put(t.Context(), s) })
	if err := put(t.Context(), s); err != nil { // the same movie: no change
		t.Fatal(err)
	}
	told(2, func() error {
		_, err := s.PutChange(t.Context(), catalog.Change{Kind: catalog.ChangeHide, Subject: "1"})
		return err
	})
	select {
	case n := <-listener.Notify:
		t.Errorf("told once more: %+v", n)
	default:
	}
}

// Writers in several processes give out numbers in the order of their commits:
// a follower in yet another meets every one, right after the one before it.
func TestChangesAcrossProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const writers, rounds = 4, 15
		follower := mustOpen(t, dsn)
		var group sync.WaitGroup
		for w := range writers {
			s := mustOpen(t, dsn)
			group.Go(func() {
				for i := range rounds {
					var err error
					if subject := fmt.Sprint(w, "-", i); w%2 == 0 {
						_, err = s.PutChange(t.Context(), catalog.Change{Kind: catalog.ChangeHide, Subject: subject})
					} else {
						_, err = s.PutMovies(t.Context(), []catalog.Movie{{ID: catalog.MovieID(subject)}})
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()
		var last int64
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-time.After(time.Millisecond):
			}
			changes, err := follower.ChangesSince(t.Context(), last, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				if c.Seq != last+1 {
					t.Fatalf("change %d follows %d: a number was committed late", c.Seq, last)
				}
				last = c.Seq
			}
		}
		if last != writers*rounds {
			t.Errorf("met %d changes, want %d", last, writers*rounds)
		}
	})
}
