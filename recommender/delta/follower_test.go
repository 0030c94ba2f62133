package delta_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/delta"
	"marquee/recommender/history"
)

// A memory of histories is emptied by Reset.
type memory struct {
	mu     sync.Mutex
	seen   map[catalog.UserID][]catalog.Seen
	resets int
	down   error
}

func (m *memory) Of(_ context.Context, u catalog.UserID) (history.Entry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return history.Entry{Seen: m.seen[u]}, m.down == nil, m.down
}

func (m *memory) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resets++
}

// A rig is a follower at work.
type rig struct {
	t        *testing.T
	store    *store
	letters  *letters
	memory   *memory
	service  *recommender.Service
	follower *delta.Follower
	journal  *journal
	cfg      delta.Config
}

var films = []catalog.Movie{film("a", "aaaa"), film("b", "aaab"), film("z", "zzzz")}

func newRig(t *testing.T, b *bundle.Bundle) *rig {
	r := &rig{t: t, store: newStore(), letters: &letters{id: space}, memory: &memory{seen: map[catalog.UserID][]catalog.Seen{}}, journal: &journal{}, cfg: delta.DefaultConfig()}
	r.service = recommender.New(r.memory, "", time.Now)
	if b != nil {
		r.swap(b)
	}
	return r
}

func (r *rig) swap(b *bundle.Bundle) {
	r.t.Helper()
	if err := r.service.Swap(b); err != nil {
		r.t.Fatal(err)
	}
}

// run starts the follower, which ends with the test.
func (r *rig) run() {
	r.t.Helper()
	var err error
	if r.follower, err = delta.NewFollower(r.store, r.service, r.memory, r.letters.open, nil, r.cfg, r.journal.logger()); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.follower.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			r.t.Errorf("ended with %v", err)
		}
	})
}

// similar returns the ids near id, best first, or the error.
func (r *rig) similar(id catalog.MovieID) string {
	a, err := r.service.Similar(r.t.Context(), id, recommender.Call{N: 20})
	if err != nil {
		return err.Error()
	}
	var ids []string
	for _, i := range a.List.Items {
		ids = append(ids, string(a.Live.Snapshot.Movies.IDs[i.Row]))
	}
	return strings.Join(ids, " ")
}

// sleep lets time pass, and everybody come to rest.
func (r *rig) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want waits and then checks what is near id, and the sequence number.
func (r *rig) want(wait time.Duration, id catalog.MovieID, near string, sequence int64) {
	r.t.Helper()
	r.sleep(wait)
	if got := r.similar(id); got != near {
		r.t.Errorf("near %s: %q, want %q", id, got, near)
	}
	live, err := r.service.Live()
	if err != nil || live.Sequence != sequence || r.follower.Status().Sequence != sequence {
		r.t.Errorf("sequence %d, status %+v, %v; want %d", live.Sequence, r.follower.Status(), err, sequence)
	}
}

// A movie that is added while a bundle serves is listed within a second: near its
// neighbours, they near it, and a history that names it counts.
func TestMovieIsListedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.run()
		r.want(time.Second, "a", "b", 0)
		r.memory.seen["7"] = []catalog.Seen{{Movie: "n", Rated: true, Rating: 5}}
		r.store.put(film("n", "zzzy"))
		r.want(time.Second, "n", "z", 1)
		r.want(0, "z", "n", 1)
		a, err := r.service.Recommend(t.Context(), recommender.Call{User: "7", N: 20})
		if err != nil || a.Taste.Unknown != 0 || len(a.List.Items) != 3 || a.Live.Snapshot.Movies.IDs[a.List.Items[0].Row] != "z" {
			t.Errorf("list %+v of %+v, %v; want z first, and not what was watched", a.List, a.Taste, err)
		}
		r.store.put(film("z", "aaac"))
		r.want(time.Second, "z", "a b", 2)
		if s := r.follower.Status(); s.Movies != 2 || s.Waiting != 0 || s.Reason != "" {
			t.Errorf("status %+v, want two movies", s)
		}
		if r.letters.opened != 1 {
			t.Errorf("the embedder was opened %d times, want once", r.letters.opened)
		}
	})
}

// While the embedder is away movies wait, and nothing else does. It is said once.
func TestEmbedderAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.set(errors.New("no weights"))
		r.run()
		r.store.put(film("n", "zzzy"))
		r.store.forget("u")
		r.sleep(time.Minute)
		r.memory.down = catalog.ErrUnavailable
		if a, err := r.service.Recommend(t.Context(), recommender.Call{User: "u", N: 5}); err != nil || len(a.Taste.Watched) != 0 {
			t.Errorf("a forgotten person has a history of %d, %v", len(a.Taste.Watched), err)
		}
		if s := r.follower.Status(); s.Waiting != 1 || s.Sequence != 0 || !strings.Contains(s.Reason, "no weights") || r.memory.resets != 1 {
			t.Errorf("status %+v and %d resets, want one waiting, and one reset", s, r.memory.resets)
		}
		if n := r.letters.asked; n < 3 || n > 12 {
			t.Errorf("asked %d times in a minute, want a few", n)
		}
		r.letters.set(nil)
		r.want(time.Minute, "n", "z", 2)
		if a, b := r.journal.count("cannot be embedded"), r.journal.count("embedded again"); a != 1 || b != 1 {
			t.Errorf("%d warnings and %d all-clears, want one each", a, b)
		}
	})
}

// An embedder that does not come back holds up nobody: not who is to be forgotten,
// not the next bundle, not the end.
func TestEmbedderHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.hang = true
		r.run()
		r.store.put(film("n", "zzzy"))
		r.sleep(time.Minute)
		r.store.forget("u")
		r.sleep(time.Second)
		if r.memory.resets != 1 {
			t.Error("nobody was forgotten")
		}
		next := build(t, append(films, film("zz", "zzzv")), nil, 2)
		next.Manifest.Sequence = 2
		r.swap(next)
		r.want(time.Second, "z", "zz", 2)
		r.letters.hang = false
		r.store.put(film("o", "zzzy"))
		r.want(time.Second, "z", "zz o", 3)
		r.letters.hang = true
		r.store.put(film("p", "zzzy")) // hangs at the end of the test
		r.sleep(time.Second)
	})
}

// One movie that cannot be embedded does not keep out the others, and is left out
// in the end.
func TestOnePoisonousMovie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.refuse = "poison"
		r.run()
		var all []catalog.Movie
		for i := range 60 {
			word := "zzy"
			if i == 20 {
				word = "poison"
			}
			all = append(all, film(fmt.Sprintf("n%02d", i), word))
		}
		r.store.put(all...)
		r.sleep(5 * time.Second)
		if s := r.follower.Status(); s.Movies != 59 || s.Waiting != 1 || s.Sequence != 20 {
			t.Errorf("after 5 seconds: status %+v, want 59 movies, and the number before the one that waits", s)
		}
		for i := range 10 {
			r.store.put(film(fmt.Sprintf("o%02d", i), "zzx"))
			r.sleep(time.Minute)
		}
		if s := r.follower.Status(); s.Movies != 69 || s.Waiting != 0 || s.LeftOut != 1 || s.Sequence != 70 {
			t.Errorf("in the end: status %+v, want 69 movies and one left out", s)
		}
		if n := r.journal.count("left to the next build"); n != 1 {
			t.Errorf("%d lines about the one left out, want 1", n)
		}
	})
}

// There is a bound: what comes beyond it waits for the next build, which is said.
func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.cfg.Movies, r.cfg.Batch = 5, 2
		r.run()
		for i := range 700 {
			r.store.put(film(fmt.Sprintf("n%03d", i), fmt.Sprintf("zzy%d", i)))
		}
		last := r.store.put(film("n000", "aaac")) // an edit of one that is in
		r.sleep(10 * time.Second)
		if s := r.follower.Status(); s.Movies != 5 || s.Waiting != 0 || s.LeftOut != 695 || s.Sequence != last {
			t.Errorf("status %+v, want 5 movies, and 695 left out at %d", s, last)
		}
		if got := r.similar("n000"); got != "a b" && got != "b a" {
			t.Errorf("near the edited one: %q", got)
		}
		if n := r.journal.count("marquee build"); n != 1 {
			t.Errorf("%d lines that a build is due, want 1", n)
		}
	})
}

// While the store is away nothing changes, once it is back nothing is missing.
func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.store.set(catalog.ErrUnavailable)
		r.run()
		r.store.put(film("n", "zzzy"))
		r.want(time.Minute, "z", "", 0)
		r.store.set(nil)
		r.want(time.Second, "z", "n", 1)
		r.store.set(catalog.ErrUnavailable)
		r.sleep(time.Minute)
		for i := range 1200 { // more than a page
			r.store.put(film(fmt.Sprintf("o%04d", i), "q"))
		}
		r.store.set(nil)
		r.sleep(time.Second)
		if s := r.follower.Status(); s.Movies != 1201 || s.Sequence != 1201 {
			t.Errorf("status %+v, want all 1201", s)
		}
		if a, b := r.journal.count("cannot be followed"), r.journal.count("followed again"); a != 2 || b != 2 {
			t.Errorf("%d warnings and %d all-clears, want two each", a, b)
		}
	})
}

// A store that was restored from a copy has fewer changes than were seen.
func TestStoreWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		b.Manifest.Sequence = 50
		r := newRig(t, b)
		r.run()
		r.want(time.Second, "z", "", 0)
		r.store.put(film("n", "zzzy"))
		r.want(time.Second, "z", "n", 1)
		if n := r.journal.count("restored from a copy"); n != 1 {
			t.Errorf("said %d times, want once", n)
		}
		back := build(t, films, nil, 2) // an older bundle, from before as well
		back.Manifest.Sequence = 40
		r.swap(back)
		r.sleep(time.Second)
		r.store.put(film("o", "zzzx"))
		r.want(time.Second, "z", "o", 2)
	})
}

// With a new bundle the follower begins where that one ends.
func TestNewBundle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.run()
		r.sleep(time.Second) // without a bundle there is nothing to do
		r.swap(build(t, films, nil, 2))
		r.store.put(film("n", "zzzy"), film("o", "zzzx"))
		r.want(time.Second, "z", "n o", 2)
		next := build(t, append([]catalog.Movie{film("1", "zzzw")}, append(films, film("zz", "zzzv"))...), nil, 2)
		next.Manifest.Sequence, next.Manifest.Embedder.Revision = 1, "2" // knows of the first change: n is gone from the catalog
		r.letters.id.Revision = "2"
		r.swap(next)
		r.want(time.Second, "o", "z 1", 2)
		if _, err := r.service.Similar(t.Context(), "n", recommender.Call{N: 5}); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("n is there again: %v", err)
		}
		if r.letters.opened != 2 || r.letters.closed != 1 {
			t.Errorf("embedder opened %d times and closed %d times, want 2 and 1", r.letters.opened, r.letters.closed)
		}
	})
}

// Vectors of another space are not mixed in.
func TestOtherSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.id.Revision = "another"
		r.run()
		r.store.put(film("n", "zzzy"))
		r.want(time.Minute, "z", "", 0)
		if s := r.follower.Status(); !strings.Contains(s.Reason, "different vector spaces") || r.letters.asked != 0 {
			t.Errorf("status %+v, want the reason", s)
		}
	})
}

// A bundle that does not say which changes are in it takes what it lacks, and what
// was edited after it was made.
func TestBundleWithoutSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.put(film("a", "other"), film("n", "zzzy"), film("gone", "zzzx"))
		r.store.mu.Lock()
		delete(r.store.movies, "gone")
		r.store.mu.Unlock()
		r.sleep(time.Hour)
		b := build(t, films, nil, 2)
		b.Manifest.Created = time.Now()
		r.sleep(time.Hour)
		r.store.put(film("b", "zzzx"))
		r.swap(b)
		r.run()
		r.want(time.Second, "z", "b n", 4)
		live, err := r.service.Live()
		if err != nil || live.Snapshot.Movies.Titles[0] != "aaaa" {
			t.Errorf("what is in the bundle was edited: %q, %v", live.Snapshot.Movies.Titles[0], err)
		}
	})
}

// Changes that were removed with age before they were seen are made good by a look
// at all movies, and at who was forgotten.
func TestRemovedChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		b.Manifest.Sequence = 1
		r := newRig(t, b)
		r.store.put(films...)
		r.store.put(film("n", "zzzy"), film("b", "zzzx"))
		r.store.forget("u")
		r.store.put(film("o", "zzzw"))
		r.store.prune(7)
		r.run()
		r.want(time.Second, "z", "b n", 7) // k is 2; o scores alike and stands behind
		r.want(0, "o", "z b", 7)
		if s := r.follower.Status(); s.Movies != 3 || s.LeftOut != 0 || r.memory.resets != 1 {
			t.Errorf("status %+v and %d resets, want 3 movies and a reset", s, r.memory.resets)
		}
		r.memory.down = catalog.ErrUnavailable
		if a, err := r.service.Recommend(t.Context(), recommender.Call{User: "u", N: 5}); err != nil || len(a.Taste.Watched) != 0 {
			t.Errorf("a forgotten person has a history of %d, %v", len(a.Taste.Watched), err)
		}
		if n := r.journal.count("were removed"); n != 1 {
			t.Errorf("said %d times, want once", n)
		}
	})
}

func TestFollowerConfig(t *testing.T) {
	if _, err := delta.NewFollower(newStore(), nil, nil, nil, nil, delta.Config{Movies: -1}, nil); err == nil || !strings.Contains(err.Error(), "poll") || !strings.Contains(err.Error(), "-1") {
		t.Errorf("settings of all zeros: %v, want every fault", err)
	}
}

// While movies come, every answer is whole, and none waits.
func TestExtendUnderLoad(t *testing.T) {
	r := newRig(t, build(t, films, nil, 2))
	r.cfg.Poll, r.cfg.Batch = time.Millisecond, 3
	r.run()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				a, err := r.service.Recommend(ctx, recommender.Call{User: "u", N: 20})
				if err != nil || len(a.List.Items) != min(20, a.Live.Snapshot.Movies.Len()) || a.Sequence < int64(a.Live.Snapshot.Movies.Len()-len(films)) {
					t.Errorf("%d items of %d movies at %d, %v", len(a.List.Items), a.Live.Snapshot.Movies.Len(), a.Sequence, err)
					return
				}
			}
		})
	}
	var last int64
	for i := range 200 {
		last = r.store.put(film(fmt.Sprintf("n%03d", i), strings.Repeat("xyz", i%7)+string(rune('a'+i%26))))
	}
	for deadline := time.Now().Add(30 * time.Second); r.follower.Status().Sequence != last; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("status %+v, want %d", r.follower.Status(), last)
		}
	}
	cancel()
	wg.Wait()
	if live, err := r.service.Live(); err != nil || live.Snapshot.Movies.Len() != 203 {
		t.Errorf("%d movies, want 203", live.Snapshot.Movies.Len())
	}
}
