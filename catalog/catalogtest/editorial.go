package catalogtest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"marquee/catalog"
)

// An editorial is what is hidden and corrected, as a model.
type editorial struct {
	hidden    map[catalog.MovieID]bool
	corrected map[[2]catalog.MovieID]catalog.CorrectionKind
}

// drawOf draws ids of a few movies whose ids begin with prefix, some of them twice.
func drawOf(t *rapid.T, prefix string) []catalog.MovieID {
	return rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3), func(i int) catalog.MovieID {
		return catalog.MovieID(fmt.Sprint(prefix, i))
	}), 0, 5).Draw(t, "ids")
}

// step does something drawn to the model and to the store, and returns what the log
// must tell of it.
func (e *editorial) step(ctx context.Context, t *rapid.T, s Store, prefix string) (told []string) {
	ids := drawOf(t, prefix)
	switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
	case what < 2:
		hidden := what == 0
		for _, id := range ids {
			if e.hidden[id] != hidden {
				e.hidden[id] = hidden
				told = append(told, map[bool]string{true: "hide ", false: "unhide "}[hidden]+string(id))
			}
		}
		same(t, "changed", ok[int](t)(s.SetHidden(ctx, ids, hidden, "")), len(told))
	case len(ids) < 2 || ids[0] == ids[1]:
	case what == 2:
		pair := [2]catalog.MovieID(ids)
		_, held := e.corrected[pair]
		if held {
			told = append(told, "correct "+string(ids[0]))
		}
		delete(e.corrected, pair)
		same(t, "removed", ok[bool](t)(s.RemoveCorrection(ctx, ids[0], ids[1])), held)
	default:
		pair, c := [2]catalog.MovieID(ids), pin(ids[0], ids[1])
		if what == 4 {
			c.Kind = catalog.Block
		}
		if e.corrected[pair] != c.Kind {
			told = append(told, "correct "+string(ids[0]))
		}
		e.corrected[pair] = c.Kind
		same(t, "changed", ok[bool](t)(s.PutCorrection(ctx, c)), len(told) == 1)
	}
	return told
}

// check fails the test unless the store holds what e does of movies whose ids begin
// with prefix.
func (e *editorial) check(ctx context.Context, t *rapid.T, s Store) {
	var want []catalog.MovieID
	for id, hidden := range e.hidden {
		if hidden {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	hidden, err := s.Hidden(ctx)
	same(t, "hidden", hiddenIDs(t, hidden, err), want)
	var corrected []catalog.Correction
	for pair, kind := range e.corrected {
		c := pin(pair[0], pair[1])
		c.Kind = kind
		corrected = append(corrected, c)
	}
	slices.SortFunc(corrected, func(a, b catalog.Correction) int {
		return cmp.Or(cmp.Compare(a.Movie, b.Movie), cmp.Compare(a.Other, b.Other))
	})
	same(t, "corrections", ok[[]catalog.Correction](t)(s.Corrections(ctx, "")), corrected)
	for i := range corrected {
		movie := corrected[i].Movie
		of := slices.DeleteFunc(slices.Clone(corrected), func(c catalog.Correction) bool { return c.Movie != movie })
		same(t, "corrections of "+string(movie), ok[[]catalog.Correction](t)(s.Corrections(ctx, movie)), of)
	}
}

// Whatever an editor does in whatever order, the store holds the last word on each,
// and the log tells of what changed, in order, and of nothing else.
func testEditorialAnyOrder(t *testing.T, s Store) {
	ctx := t.Context()
	e := editorial{make(map[catalog.MovieID]bool), make(map[[2]catalog.MovieID]catalog.CorrectionKind)}
	rapid.Check(t, func(t *rapid.T) { // each round goes on where the one before ended
		before := ok[int64](t)(s.LastChange(ctx))
		var want, got []string
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			want = append(want, e.step(ctx, t, s, "m")...)
		}
		for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, before, 0)) {
			got = append(got, fmt.Sprint(c.Kind, " ", c.Subject))
		}
		same(t, "told", got, want)
		e.check(ctx, t, s)
	})
}

// Who follows the log of several editors knows what is hidden at any moment, and
// whose neighbours were corrected since the moment before.
func testEditorialConcurrent(t *testing.T, s Store) {
	const editors, rounds, movies = 3, 15, 5
	const least, most = 4, 100 * rounds // looks that prove something, and when editors give up waiting for them
	var looks atomic.Int64
	group, ctx := errgroup.WithContext(t.Context())
	for editor := range editors {
		group.Go(func() error {
			for i := 0; i < rounds || looks.Load() < least && i < most; i++ {
				id, other := catalog.MovieID(fmt.Sprint((editor+i)%movies)), catalog.MovieID(fmt.Sprint((editor+i+1)%movies))
				if _, err := s.SetHidden(ctx, []catalog.MovieID{id, other}, (i+editor)%2 == 0, ""); err != nil {
					return err
				}
				c := pin(id, other)
				c.Note = fmt.Sprint(editor, "-", i)
				if _, err := s.PutCorrection(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	f := follower{hidden: make(map[catalog.MovieID]bool)}
	for running := true; running; {
		select {
		case err := <-done:
			must(t, err)
			running = false
		default:
		}
		f.look(t, s)
		looks.Store(int64(f.looks))
	}
	if f.looks < least || f.last < editors*rounds {
		t.Errorf("looked %d times at %d changes, want more for a proof", f.looks, f.last)
	}
}

// A follower knows what is hidden from the log alone.
type follower struct {
	last      int64
	hidden    map[catalog.MovieID]bool
	corrected []catalog.Correction
	pairs     map[[2]catalog.MovieID]catalog.Correction // by what the log says
	looks     int
}

// look freezes the store and follows the log to that moment.
func (f *follower) look(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	view := ok[Frozen](t)(s.Freeze(ctx))
	defer view.Close()
	at := ok[int64](t)(view.LastChange(ctx))
	told := make(map[catalog.MovieID]bool)
	for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, f.last, int(at-f.last)+1)) {
		if c.Seq > at {
			break
		}
		if c.Seq != f.last+1 {
			t.Fatalf("change %d follows %d: a number was committed late", c.Seq, f.last)
		}
		f.last = c.Seq
		switch id := catalog.MovieID(c.Subject); c.Kind {
		case catalog.ChangeHide:
			same(t, "hidden before it was hidden", f.hidden[id], false)
			f.hidden[id] = true
		case catalog.ChangeUnhide:
			same(t, "hidden before it was not", f.hidden[id], true)
			delete(f.hidden, id)
		case catalog.ChangeCorrect:
			told[id] = true
			f.correct(t, c)
		}
	}
	hidden, err := view.Hidden(ctx)
	same(t, "hidden", hiddenIDs(t, hidden, err), slices.Sorted(maps.Keys(f.hidden)))
	corrected := ok[[]catalog.Correction](t)(view.Corrections(ctx, ""))
	for _, c := range corrected {
		if !told[c.Movie] && !slices.Contains(f.corrected, c) {
			t.Errorf("%+v is new, and nobody was told", c)
		}
	}
	for _, c := range corrected {
		if logged := f.pairs[[2]catalog.MovieID{c.Movie, c.Other}]; logged.Kind != c.Kind || logged.Note != c.Note {
			t.Errorf("corrected %+v, by the log %+v", c, logged)
		}
	}
	same(t, "corrections by the log", len(f.pairs), len(corrected))
	f.corrected = corrected
	f.looks++
}

// correct takes in what a change says was corrected.
func (f *follower) correct(t *testing.T, c catalog.Change) {
	t.Helper()
	var x catalog.Correction
	must(t, json.Unmarshal(c.Detail, &x))
	same(t, "movie of the correction", string(x.Movie), c.Subject)
	if f.pairs == nil {
		f.pairs = make(map[[2]catalog.MovieID]catalog.Correction)
	}
	if pair := [2]catalog.MovieID{x.Movie, x.Other}; x.Kind == "" {
		delete(f.pairs, pair)
	} else {
		f.pairs[pair] = x
	}
}

// What is cut short is not done at all.
func testEditorialCancelled(t *testing.T, s Store) {
	ok[catalog.Tally](t)(s.PutMovies(t.Context(), []catalog.Movie{{ID: "a"}}))
	ok[int](t)(s.SetHidden(t.Context(), []catalog.MovieID{"a"}, true, ""))
	ok[bool](t)(s.PutCorrection(t.Context(), pin("a", "b")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, do := range map[string]func() error{
		"hide":    func() error { _, err := s.SetHidden(ctx, []catalog.MovieID{"b"}, true, ""); return err },
		"unhide":  func() error { _, err := s.SetHidden(ctx, []catalog.MovieID{"a"}, false, ""); return err },
		"correct": func() error { _, err := s.PutCorrection(ctx, block("a", "b")); return err },
		"take it": func() error { _, err := s.RemoveCorrection(ctx, "a", "b"); return err },
		"remove":  func() error { _, err := s.RemoveMovies(ctx, []catalog.MovieID{"a"}); return err },
		"edit":    func() error { _, err := s.PutMovies(ctx, []catalog.Movie{{ID: "a", Year: 1}}); return err },
	} {
		fails(t, what, do(), context.Canceled)
	}
	same(t, "changes", ok[int64](t)(s.LastChange(t.Context())), 3)
	counts(t, s, catalog.Counts{Movies: 1, Hidden: 1, Corrections: 1})
}
