package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// errAway is how a store says that it cannot be reached.
var errAway = fmt.Errorf("database is down: %w", catalog.ErrUnavailable)

// A told notes what Run says.
type told struct {
	paused  []time.Time
	resumed []time.Duration
}

func (w *told) config() stream.RunConfig {
	cfg := stream.DefaultRunConfig()
	cfg.Paused = func(error) { w.paused = append(w.paused, time.Now()) }
	cfg.Resumed = func(after time.Duration) { w.resumed = append(w.resumed, after) }
	return cfg
}

// The store is down for an hour, twice: the reading stops, is told of once each
// time, and goes on by itself; attempts are neither a flood nor too rare.
func TestRunWaitsForStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		down := func(at time.Duration) bool {
			return at < time.Hour || at >= 2*time.Hour && at < 3*time.Hour
		}
		dst := newSink()
		attempts := 0
		var last time.Time
		dst.fail = func(catalog.Batch) error {
			now := time.Now()
			if gap := now.Sub(last); !last.IsZero() && attempts > 0 && gap > stream.DefaultRunConfig().MaxDelay {
				t.Errorf("%v without an attempt", gap)
			}
			if down(now.Sub(begin)) {
				attempts++
				last = now
				return errAway
			}
			last = time.Time{}
			return nil
		}
		var w told
		cfg := w.config()
		cfg.Applied = func(b catalog.Batch, _ catalog.Applied, _ stream.Summary) {
			if b.From == 0 {
				time.Sleep(2*time.Hour - time.Since(begin)) // the second outage meets the second batch
			}
		}
		sum, err := stream.Run(t.Context(), pipe(t, text(0, 25), 10), dst, cfg)
		if err != nil || sum.Lines != 25 {
			t.Fatalf("got %d lines, %v; want 25", sum.Lines, err)
		}
		checkMinutes(t, dst, [2]int{0, 25})
		if len(w.paused) != 2 || len(w.resumed) != 2 {
			t.Fatalf("told of %d pauses and %d resumptions, want 2 and 2", len(w.paused), len(w.resumed))
		}
		for i, after := range w.resumed {
			if after < time.Hour || after > time.Hour+15*time.Second {
				t.Errorf("outage %d was told to be over after %v, want an hour and at most 15s", i, after)
			}
		}
		if attempts < 2*240 || attempts > 2*500 {
			t.Errorf("%d attempts in two hours, want one each 7.5 to 15s", attempts)
		}
	})
}

// Without a longest delay the first failure ends Run.
func TestRunDoesNotWait(t *testing.T) {
	dst := newSink()
	dst.fail = func(catalog.Batch) error { return errAway }
	if _, err := stream.Run(t.Context(), pipe(t, text(0, 3), 1), dst, stream.RunConfig{}); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	for _, cfg := range []stream.RunConfig{
		{MaxDelay: time.Second},
		{MinDelay: time.Second, MaxDelay: time.Millisecond},
		{MinDelay: -1, MaxDelay: -1},
		{MinDelay: 1, MaxDelay: 1 << 62},
		{Slow: -1},
		{Attempt: -1},
	} {
		if _, err := stream.Run(t.Context(), pipe(t, text(0, 3), 1), newSink(), cfg); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", cfg, err)
		}
	}
}

// The context ends the waiting at once, and its error is to be seen.
func TestRunStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := newSink()
		dst.fail = func(catalog.Batch) error { return errAway }
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Minute)
		defer cancel()
		begin := time.Now()
		var w told
		sum, err := stream.Run(ctx, pipe(t, text(0, 3), 1), dst, w.config())
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, catalog.ErrUnavailable) || sum.Lines != 0 {
			t.Errorf("got %+v, %v; want both errors and no line", sum, err)
		}
		if took := time.Since(begin); took != 100*time.Minute || len(w.paused) != 1 || len(w.resumed) != 0 {
			t.Errorf("ended after %v, %d pauses, %d resumptions; want 100m, 1, 0", took, len(w.paused), len(w.resumed))
		}
	})
}

// Commits whose answers are lost are counted, once.
func TestRunCountsLostCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := newSink()
		dst.lose = func(b catalog.Batch) error {
			if b.From%2 == 0 { // some
				return errAway
			}
			return nil
		}
		cfg := stream.DefaultRunConfig()
		calls := 0
		cfg.Applied = func(b catalog.Batch, done catalog.Applied, _ stream.Summary) {
			if calls++; done.Held != b.To {
				t.Errorf("batch to %d is told to be held to %d", b.To, done.Held)
			}
		}
		sum, err := stream.Run(t.Context(), pipe(t, text(0, 100), 7), dst, cfg)
		if err != nil || sum.Lines != 100 || sum.Kept.Watch != 100 || calls != 15 {
			t.Errorf("got %+v in %d batches, %v; want 100 lines in 15", sum, calls, err)
		}
		checkMinutes(t, dst, [2]int{0, 100})
	})
}

// A store that takes its time, and says nothing, is told of once, and once when it
// has answered; a quick one never.
func TestRunTellsOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dst := newSink()
		takes := map[int64]time.Duration{0: time.Second, 1: time.Minute, 2: 9 * time.Second, 3: 2 * time.Minute}
		lines := int64(0)
		dst.fail = func(catalog.Batch) error {
			time.Sleep(takes[lines])
			lines++
			return nil
		}
		var w told
		cfg := w.config()
		cfg.Paused = func(err error) {
			w.paused = append(w.paused, time.Now())
			if !errors.Is(err, catalog.ErrUnavailable) {
				t.Errorf("told %v, want ErrUnavailable", err)
			}
		}
		sum, err := stream.Run(t.Context(), pipe(t, text(0, 4), 1), dst, cfg)
		if err != nil || sum.Lines != 4 {
			t.Fatalf("got %+v, %v; want 4 lines", sum, err)
		}
		if len(w.paused) != 2 || len(w.resumed) != 2 || w.resumed[0] != time.Minute || w.resumed[1] != 2*time.Minute {
			t.Errorf("told of %d pauses, %v; want two, of one minute and of two", len(w.paused), w.resumed)
		}
		if len(w.paused) == 2 && w.paused[1].Sub(w.paused[0]) != 50*time.Second+9*time.Second+10*time.Second {
			t.Errorf("told %v apart, want 69s: 10 s into each of the slow ones", w.paused[1].Sub(w.paused[0]))
		}
	})
}

// An attempt that nobody answers is given up, and the next one finds the store,
// or what the one before it has stored there: each line counts once.
func TestRunGivesUpAttempt(t *testing.T) {
	for name, stored := range map[string]bool{"lost": false, "stored": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dst := &silentSink{sink: newSink(), silent: 3, stores: stored}
				var w told
				cfg := w.config()
				cfg.Attempt = time.Minute
				sum, err := stream.Run(t.Context(), pipe(t, text(0, 25), 10), dst, cfg)
				if err != nil || sum.Lines != 25 || sum.Kept.Watch != 25 {
					t.Errorf("got %+v, %v; want 25 lines", sum, err)
				}
				if len(w.paused) != 1 || len(w.resumed) != 1 || w.resumed[0] < 3*time.Minute || w.resumed[0] > 4*time.Minute {
					t.Errorf("told of %d pauses, %v; want one of three minutes", len(w.paused), w.resumed)
				}
				checkMinutes(t, dst.sink, [2]int{0, 25})
			})
		})
	}
}

// A silentSink does not answer some attempts, of which it may have stored the first.
type silentSink struct {
	*sink
	silent int
	stores bool
}

func (s *silentSink) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	if s.silent == 0 {
		return s.sink.Append(ctx, b)
	}
	s.silent--
	if s.stores {
		_, _ = s.sink.Append(ctx, b)
	}
	<-ctx.Done()
	return catalog.Applied{}, ctx.Err()
}

// A silent store does not outlast the context.
func TestRunEndsInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begin := time.Now()
		var w told
		sum, err := stream.Run(ctx, pipe(t, text(0, 25), 10), &silentSink{sink: newSink(), silent: 1}, w.config())
		if !errors.Is(err, context.DeadlineExceeded) || sum.Lines != 0 || time.Since(begin) != 30*time.Second {
			t.Errorf("got %+v, %v after %v; want the context's error after 30s", sum, err, time.Since(begin))
		}
		if len(w.paused) != 1 || len(w.resumed) != 0 {
			t.Errorf("told of %d pauses, %d resumptions; want 1, 0", len(w.paused), len(w.resumed))
		}
	})
}

// A batch that is held without a failed attempt was another run's, and is not
// counted.
func TestRunDoesNotCountWhatIsHeld(t *testing.T) {
	dst := newSink()
	dst.held["p"] = 5
	n := 0
	src := &source{fetch: func() (catalog.Batch, error) {
		if n++; n > 1 {
			return catalog.Batch{}, io.EOF
		}
		return catalog.Batch{Partition: "p", To: 5, Lists: 2}, nil
	}}
	if sum, err := stream.Run(t.Context(), src, dst, stream.DefaultRunConfig()); err != nil || sum.Lines != 0 || src.seeks != 1 {
		t.Errorf("got %+v, %d seeks, %v; want no line and one seek", sum, src.seeks, err)
	}
}

// A source whose own lookups need the store waits for it too.
func TestRunWaitsForSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		src := &source{fetch: func() (catalog.Batch, error) {
			switch n++; {
			case n < 50:
				return catalog.Batch{}, errAway
			case n == 50:
				return catalog.Batch{Partition: "p", To: 5, Lists: 2}, nil
			}
			return catalog.Batch{}, io.EOF
		}}
		var w told
		sum, err := stream.Run(t.Context(), src, newSink(), w.config())
		if err != nil || sum.Lines != 2 || len(w.paused) != 1 || len(w.resumed) != 1 {
			t.Errorf("got %+v, %v, %d pauses, %d resumptions; want 2 lines, one of each", sum, err, len(w.paused), len(w.resumed))
		}
	})
}

// Events of forgotten people are refused, not kept; every line counts once.
func TestRunCountsForgotten(t *testing.T) {
	dst := newSink()
	dst.done = catalog.Applied{Forgotten: catalog.Forgotten{Minutes: 2, Ratings: 1, Accounts: 1}}
	content := text(0, 5) + "2026-02-14T10:30:03,7,GET /rate/m+1931=5\n2026-02-14T10:30:03,7,GET /create_account\nnoise\n"
	sum, err := stream.Run(t.Context(), pipe(t, content, 100), dst, stream.RunConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Lines != 8 || sum.Kept != (stream.Kept{Watch: 3}) || !maps.Equal(sum.Refused, map[stream.Reason]int64{stream.Forgotten: 4, stream.MissingField: 1}) {
		t.Errorf("got %+v, want 3 minutes kept, 4 lines of forgotten people and one of noise", sum)
	}
}

// An acknowledger is a source that notes what became of its batches.
type acknowledger struct {
	source
	told []error
	end  error
}

func (a *acknowledger) Acknowledge(_ context.Context, _ catalog.Batch, _ catalog.Applied, err error) error {
	a.told = append(a.told, err)
	if err != nil {
		return a.end
	}
	return nil
}

// An Acknowledger is told of what was applied and of what can never be, and
// decides whether to go on; what it brings again is not told.
func TestRunAcknowledges(t *testing.T) {
	poison := fmt.Errorf("poison: %w", catalog.ErrConflict)
	for _, end := range []error{nil, errors.New("enough")} {
		dst := newSink()
		dst.fail = func(b catalog.Batch) error {
			if b.Partition == "p2" {
				return poison
			}
			return nil
		}
		n := 0
		src := &acknowledger{end: end}
		src.fetch = func() (catalog.Batch, error) {
			if n++; n > 30 {
				return catalog.Batch{}, io.EOF
			}
			return catalog.Batch{Partition: fmt.Sprintf("p%d", min(n, 4)), To: 5, Lists: 1}, nil
		}
		sum, err := stream.Run(t.Context(), src, dst, stream.RunConfig{})
		if end != nil {
			if !errors.Is(err, end) || sum.Lines != 1 || len(src.told) != 2 || !errors.Is(src.told[1], poison) {
				t.Errorf("got %v after %d lines, told %v; want the source's error after one", err, sum.Lines, src.told)
			}
			continue
		}
		// p4 comes 27 times and is stored once.
		if err != nil || sum.Lines != 3 || len(src.told) != 4 || !errors.Is(src.told[1], poison) || src.seeks != 26 {
			t.Errorf("got %v after %d lines, told %v, %d seeks; want 3 lines, 26 seeks", err, sum.Lines, src.told, src.seeks)
		}
	}
}

// A batch that fails because the context ended is no poison.
func TestRunDoesNotAcknowledgeTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dst := newSink()
	dst.fail = func(catalog.Batch) error {
		cancel()
		return ctx.Err()
	}
	src := &acknowledger{}
	src.fetch = func() (catalog.Batch, error) { return catalog.Batch{Partition: "p", To: 5, Lists: 1}, nil }
	if _, err := stream.Run(ctx, src, dst, stream.DefaultRunConfig()); !errors.Is(err, context.Canceled) || len(src.told) != 0 {
		t.Errorf("got %v, told %v; want Canceled and nothing told", err, src.told)
	}
}
