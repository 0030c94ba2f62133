package delta_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
)

// poll is the time within which what editors say holds.
const poll = 250 * time.Millisecond

// listed returns the ids of the list of somebody without a history.
func (r *rig) listed() string {
	a, err := r.service.Recommend(r.t.Context(), recommender.Call{User: "nobody", N: 20})
	if err != nil {
		return err.Error()
	}
	var ids []string
	for _, i := range a.List.Items {
		ids = append(ids, string(a.Live.Snapshot.Movies.IDs[i.Row]))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// lists waits and then checks who is listed, and the sequence number.
func (r *rig) lists(wait time.Duration, want string, sequence int64) {
	r.t.Helper()
	r.sleep(wait)
	live, err := r.service.Live()
	if got := r.listed(); got != want || err != nil || live.Sequence != sequence {
		r.t.Errorf("listed %q at %d, %v; want %q at %d", got, live.Sequence, err, want, sequence)
	}
}

// What editors say holds within a poll, whatever hangs, and with the number of the
// change.
func TestEditorsAreHeardWithinAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.run()
		r.lists(0, "a b z", 0)
		r.store.hide("a", true)
		r.lists(poll, "b z", 1)
		r.want(0, "b", "", 1)
		r.store.hide("a", false)
		r.lists(poll, "a b z", 2)
		r.store.correct("z", "a", catalog.Pin)
		r.store.correct("a", "b", catalog.Block)
		r.want(poll, "z", "a", 4)
		r.want(0, "a", "", 4)
		r.store.correct("z", "a", "")
		r.store.correct("a", "b", "")
		r.want(poll, "z", "", 6)
		r.want(0, "a", "b", 6)
		if s := r.follower.Status(); s.Hidden != 0 {
			t.Errorf("status %+v", s)
		}

		r.letters.hang = true
		r.store.put(film("n", "zzzy"))
		r.sleep(time.Minute)
		r.store.hide("b", true)
		r.lists(poll, "a z", 6) // the movie before waits, so the number does not go on
		r.store.remove("z")
		r.lists(poll, "a", 6)
		r.store.remove("n") // which nobody waits for any more
		r.lists(poll, "a", 10)
		if s := r.follower.Status(); s.Hidden != 1 || s.Waiting != 0 || s.Movies != 0 {
			t.Errorf("status %+v, want one hidden and nobody waiting", s)
		}
	})
}

// An embedder that was at work all the time does not undo what editors said, and what
// left, meanwhile.
func TestSlowWorkUndoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.slow = 10 * time.Second
		r.run()
		r.store.put(film("n", "zzzy"), film("o", "zzzx"), film("b", "zzzw"))
		r.sleep(time.Second)
		r.store.hide("a", true)
		r.store.hide("n", true)
		r.store.remove("o")
		r.store.correct("z", "a", catalog.Pin)
		r.lists(poll, "b z", 0)
		r.lists(time.Minute, "b z", 7)
		r.want(0, "z", "b", 7) // a is pinned and hidden, n is hidden, o is gone
		r.store.hide("a", false)
		r.want(poll, "z", "a b", 8) // k is 2
	})
}

// The last change of a movie counts, whatever was under way: one that comes back while
// its first form is being embedded, and one that is edited again.
func TestTheLastChangeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, build(t, films, nil, 2))
		r.letters.slow = 10 * time.Second
		r.run()
		r.store.put(film("n", "zzzy"), film("b", "zzzx"))
		r.sleep(time.Second)
		r.store.remove("n")
		r.sleep(time.Second)
		r.store.put(film("n", "aaac"), film("b", "aaad"))
		r.want(time.Minute, "a", "b n", 5)
		r.want(0, "z", "", 5)
		r.store.remove("a", "n")
		r.store.put(film("n", "zzzx"))
		r.want(time.Minute, "z", "n", 8)
		r.store.put(film("a", "aaaa"))
		r.want(time.Minute, "a", "b", 9)
		if s := r.follower.Status(); s.Movies != 2 || s.Waiting != 0 {
			t.Errorf("status %+v, want n and b, as a is again as it was", s)
		}
	})
}

// Before the store answers, and while it is away, what the bundle says holds; then the
// store has the last word, also over the next bundle from its first moment on.
func TestTheStoreHasTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := func() *bundle.Bundle {
			b := build(t, films, nil, 2)
			b.Hidden = []catalog.MovieID{"b", "later"}
			b.Corrections = []catalog.Correction{{Movie: "z", Other: "a", Kind: catalog.Pin}}
			return b
		}
		r := newRig(t, said())
		r.store.set(catalog.ErrUnavailable)
		r.run()
		r.lists(time.Minute, "a z", 0)
		r.want(0, "z", "a", 0)
		r.store.hide("z", true)
		r.store.set(nil)
		r.lists(poll, "a b", 1)
		r.want(0, "z", "", 1)
		r.swap(said())
		r.lists(0, "a b", 0) // before the follower has looked
		r.lists(poll, "a b", 1)
	})
}

// Changes that were removed with age before they were seen are made good: the store
// is asked what holds.
func TestEditorsAreHeardAcrossAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		b.Manifest.Sequence = 1
		r := newRig(t, b)
		r.run()
		r.store.put(films[:2]...)
		r.sleep(time.Second)
		r.store.set(catalog.ErrUnavailable)
		r.sleep(time.Second)
		r.store.hide("a", true)
		r.store.put(film("n", "zzzy"))
		r.store.remove("z")
		r.store.prune(6)
		r.store.put(film("o", "aaac"))
		r.store.set(nil)
		r.lists(time.Second, "b n o", 6)
		r.store.hide("b", true) // and without an outage
		r.store.prune(8)
		r.store.put(film("p", "aaad"))
		r.lists(time.Second, "n o p", 8)
	})
}

// A stuck index takes changes in its own time.
type stuck struct {
	indexer.Index
	wait time.Duration
}

func (s stuck) With(ctx context.Context, _ []indexer.Later) (indexer.Index, error) {
	select {
	case <-time.After(s.wait):
		return nil, fmt.Errorf("no answer: %w", catalog.ErrUnavailable)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (stuck) Len() int  { return len(films) }
func (stuck) Dims() int { return dims }

// An index that is elsewhere and does not answer holds up neither editors nor, for
// long, movies: what came later is beside it.
func TestStuckIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		b.Index = stuck{wait: 10 * time.Second}
		r := newRig(t, b)
		r.run()
		r.store.put(film("n", "zzzy"))
		r.store.remove("b")
		r.sleep(time.Second)
		r.store.hide("a", true)
		r.lists(poll, "b z", 0)
		r.lists(time.Minute, "n z", 3)
		live, err := r.service.Live()
		if err != nil || live.Index.Len() != 4 {
			t.Errorf("the index has %d rows, %v; want all 4", live.Index.Len(), err)
		}
		r.store.put(film("o", "zzzx"))
		r.lists(time.Second, "n o z", 4) // nobody waits for it again
	})
}
