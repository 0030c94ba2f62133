package experiment_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment"
)

// A fakeStore has experiments, or is away.
type fakeStore struct {
	mu    sync.Mutex
	last  int64
	all   []catalog.Experiment
	away  error
	reads int
}

func (s *fakeStore) put(e ...catalog.Experiment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.last = e, s.last+1
}

func (s *fakeStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

func (s *fakeStore) LastChange(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.away
}

func (s *fakeStore) Experiments(context.Context) ([]catalog.Experiment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return append([]catalog.Experiment{}, s.all...), s.away
}

// A follower takes what the store has within a look, reads only after a change, and goes
// on with what it knows while the store is away.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{}
		var log bytes.Buffer
		f := experiment.NewFollower(store, slog.New(slog.NewTextHandler(&log, nil)), time.Now)
		label := func() string { return f.Assign("7", time.Now()).Label }
		if label() != "" || f.Status().Experiments == nil {
			t.Error("a follower that has not looked knows of experiments")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx, time.Second) }()
		look := func() { time.Sleep(1100 * time.Millisecond); synctest.Wait() }

		x := split("x", "a", "b")
		x.Start = time.Now()
		store.put(x)
		look()
		first := label()
		if !strings.HasPrefix(first, "x:") {
			t.Errorf("label %q, want an arm of x", first)
		}
		store.mu.Lock()
		reads := store.reads
		store.mu.Unlock()
		look()
		if store.reads != reads {
			t.Errorf("experiments were read %d times without a change", store.reads-reads)
		}

		store.fail(errors.New("no route"))
		look()
		look()
		if label() != first || !strings.Contains(f.Status().Reason, "no route") || strings.Count(log.String(), "cannot be followed") != 1 {
			t.Errorf("store away: label %q, status %+v\n%s", label(), f.Status(), log.String())
		}
		store.fail(nil)
		look()
		if f.Status().Reason != "" || !strings.Contains(log.String(), "followed again") {
			t.Errorf("store back: %+v\n%s", f.Status(), log.String())
		}

		// One that is not in order is told of and takes nobody; the other goes on.
		bad := split("bad", "a", "b")
		bad.Layer, bad.Arms[0].Knobs = "looks", []byte(`{"later":1}`)
		store.put(x, bad)
		look()
		if s := f.Status(); label() != first || len(s.Experiments) != 1 || !strings.Contains(s.Refused, "later") {
			t.Errorf("one that is not in order: %q, %+v", label(), s)
		}

		x.Stopped = time.Now()
		store.put(x)
		look()
		if s := f.Status(); label() != "" || len(s.Experiments) != 0 || s.Refused != "" || s.Sequence != 3 {
			t.Errorf("stopped: %q, %+v", label(), s)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// A store that does not answer holds a look no longer than its bound.
func TestLookIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := experiment.NewFollower(stuck{}, slog.New(slog.DiscardHandler), time.Now)
		began := time.Now()
		if err := f.Look(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

type stuck struct{}

func (stuck) LastChange(ctx context.Context) (int64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (stuck) Experiments(ctx context.Context) ([]catalog.Experiment, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
