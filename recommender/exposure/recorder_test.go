package exposure_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/recommender/exposure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A writer keeps lists in memory.
type writer struct {
	mu      sync.Mutex
	lists   []string
	batches int
	fail    func(n int) error // told how many writes came before
	writes  int
}

func (w *writer) WriteExposures(ctx context.Context, lists []catalog.Exposure) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if w.fail != nil {
		if err := w.fail(w.writes - 1); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.batches++
	for _, e := range lists {
		w.lists = append(w.lists, e.RequestID)
	}
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs a recorder; the func it returns ends it and waits.
func start(t *testing.T, cfg exposure.Config, writers ...exposure.Writer) (*exposure.Recorder, func()) {
	t.Helper()
	var named []exposure.Named
	for i, w := range writers {
		named = append(named, exposure.Named{Name: fmt.Sprint("w", i), Writer: w})
	}
	r, err := exposure.New(cfg, quiet(), named...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return r, func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	}
}

func record(r *exposure.Recorder, from, to int) {
	for i := from; i < to; i++ {
		r.Record(catalog.Exposure{RequestID: fmt.Sprint(i)})
	}
}

// Full batches are written at once, the rest after Wait, and nothing is lost at
// the end.
func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Batch = 10
		a, b := &writer{}, &writer{}
		r, end := start(t, cfg, a, b)
		record(r, 0, 25)
		synctest.Wait()
		if got := r.Stats()[0]; got.Kept != 20 || got.Waiting > cfg.Batch/4 || got.Dropped > 0 {
			t.Errorf("at once: %+v, want two full batches kept", got)
		}
		pass(cfg.Wait)
		if got := r.Stats()[1]; got != (exposure.Stats{Writer: "w1", Kept: 25}) {
			t.Errorf("after the wait: %+v, want all", got)
		}
		record(r, 25, 48)
		end()
		for _, w := range []*writer{a, b} {
			if len(w.lists) != 48 || w.lists[47] != "47" {
				t.Errorf("%d lists were written, want 48 in order", len(w.lists))
			}
		}
		if got := r.Stats()[0]; got != (exposure.Stats{Writer: "w0", Kept: 48}) {
			t.Errorf("at the end: %+v, want all kept", got)
		}
	})
}

// A writer that is away for a moment loses nothing; one that stays away loses
// what does not fit, and never holds up Record.
func TestWriterAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Batch, cfg.Queue = 10, 100
		w := &writer{fail: func(n int) error {
			if n < 3 {
				return catalog.ErrUnavailable
			}
			return nil
		}}
		r, end := start(t, cfg, w)
		record(r, 0, 10)
		pass(time.Minute)
		if got := r.Stats()[0]; got != (exposure.Stats{Writer: "w0", Kept: 10}) || w.batches != 1 {
			t.Errorf("back after three attempts: %+v in %d batches, want 10 kept in one", got, w.batches)
		}
		end()

		w = &writer{fail: func(int) error { return catalog.ErrUnavailable }}
		r, end = start(t, cfg, w)
		record(r, 0, 1000)
		synctest.Wait()
		if got := r.Stats()[0]; got.Dropped < 800 || got.Waiting < 90 {
			t.Errorf("away: %+v, want a full queue and the rest dropped", got)
		}
		pass(time.Hour)
		end()
		if got := r.Stats()[0]; got.Dropped != 1000 || got.Kept != 0 {
			t.Errorf("away for good: %+v, want all dropped and counted", got)
		}
	})
}

// What lists were made from waits for few of them, so that a store that is away costs
// no more memory than is said, and is left out where it is longer than a store takes: the
// lists of its batch are kept.
func TestInputsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Inputs = 5
		var got []catalog.Exposure
		hold := make(chan struct{})
		w := takes(func(lists []catalog.Exposure) error {
			<-hold
			for _, e := range lists {
				if len(e.Input) > catalog.MaxInputBytes {
					return fmt.Errorf("request %s: %w", e.RequestID, catalog.ErrInvalid)
				}
			}
			got = append(got, lists...)
			return nil
		})
		r, end := start(t, cfg, w)
		r.Record(catalog.Exposure{RequestID: "long", Input: make([]byte, catalog.MaxInputBytes+1)})
		r.Record(catalog.Exposure{RequestID: "longest", Input: make([]byte, catalog.MaxInputBytes)})
		pass(2 * cfg.Wait) // the writer has these
		for range 20 {
			r.Record(catalog.Exposure{RequestID: "more", Input: []byte("made from")})
		}
		close(hold)
		end()
		var with int
		for _, e := range got {
			if e.Input != nil {
				with++
			}
		}
		if stats := r.Stats()[0]; len(got) != 22 || with != 6 || stats != (exposure.Stats{Writer: "w0", Kept: 22, Bare: 16}) {
			t.Errorf("%d lists, %d with what they were made from, %+v; want 22, 6 and 16 without", len(got), with, stats)
		}
	})
}

// While the writer is there, lists that come no faster than they are taken keep what they
// were made from, however few may wait with it.
func TestInputsOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Inputs = 8
		r, end := start(t, cfg, takes(func([]catalog.Exposure) error { return nil }))
		for range 20 {
			r.Record(catalog.Exposure{RequestID: "one", Input: []byte("made from")})
			synctest.Wait()
		}
		end()
		if got := r.Stats()[0]; got != (exposure.Stats{Writer: "w0", Kept: 20}) {
			t.Errorf("%+v, want all with what they were made from", got)
		}
	})
}

type takes func([]catalog.Exposure) error

func (f takes) WriteExposures(_ context.Context, lists []catalog.Exposure) error { return f(lists) }

// Lists that can never be kept are not tried again.
func TestInvalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{fail: func(int) error { return fmt.Errorf("no: %w", catalog.ErrInvalid) }}
		r, end := start(t, exposure.DefaultConfig(), w)
		record(r, 0, 3)
		pass(time.Hour)
		end()
		if got := r.Stats()[0]; got.Dropped != 3 || w.writes != 5 {
			t.Errorf("%+v after %d writes, want 3 dropped after one of all and one of each part", got, w.writes)
		}
	})
}

// A list that can never be kept takes no other one of its batch with it, whether they
// come from the queue or from the disk.
func TestInvalidAlone(t *testing.T) {
	for _, away := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newDesk(away)
			picky := takes(func(lists []catalog.Exposure) error {
				if slices.ContainsFunc(lists, func(e catalog.Exposure) bool { return e.RequestID == "13" || e.RequestID == "17" }) && !w.away.Load() {
					return fmt.Errorf("no: %w", catalog.ErrInvalid)
				}
				return w.WriteExposures(t.Context(), lists)
			})
			cfg := spilling(t)
			cfg.Batch = 100
			r, end := start(t, cfg, picky)
			recordLists(r, 0, 40)
			pass(time.Minute)
			w.away.Store(false)
			pass(time.Minute)
			end()
			want := slices.DeleteFunc(numbers(0, 40), func(n string) bool { return n == "13" || n == "17" })
			if got := r.Stats()[0]; got.Dropped != 2 || got.Kept != 38 || got.SpillBytes != 0 || !slices.Equal(w.order, want) {
				t.Errorf("away %t: %+v, wrote %v; want all but two", away, got, w.order)
			}
		})
	}
}

// The end has a bound though the writer hangs.
func TestDrainIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Batch, cfg.Timeout = 2, time.Hour
		w := writerFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		r, end := start(t, cfg, w)
		record(r, 0, 9)
		synctest.Wait()
		began := time.Now()
		end()
		if took := time.Since(began); took > cfg.Drain+time.Second {
			t.Errorf("the end took %v, want about %v", took, cfg.Drain)
		}
		if got := r.Stats()[0]; got.Dropped != 9 {
			t.Errorf("%+v, want 9 dropped", got)
		}
	})
}

// A writer that hangs costs another one no list.
func TestWritersApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := exposure.DefaultConfig()
		cfg.Queue, cfg.Batch = 50, 10
		healthy := &writer{}
		hangs := writerFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		r, end := start(t, cfg, hangs, healthy)
		for i := range 100 {
			record(r, 10*i, 10*i+10)
			pass(cfg.Wait)
		}
		end()
		stats := r.Stats()
		if len(healthy.lists) != 1000 || stats[1].Kept != 1000 || stats[1].Dropped != 0 {
			t.Errorf("the healthy writer has %d lists, %+v; want all", len(healthy.lists), stats[1])
		}
		if stats[0].Kept != 0 || stats[0].Dropped != 1000 {
			t.Errorf("the one that hangs: %+v, want all dropped", stats[0])
		}
	})
}

type writerFunc func(ctx context.Context) error

func (f writerFunc) WriteExposures(ctx context.Context, _ []catalog.Exposure) error { return f(ctx) }

func TestConfig(t *testing.T) {
	if _, err := exposure.New(exposure.Config{}, quiet()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("the zero Config: %v, want invalid", err)
	}
}

func BenchmarkRecord(b *testing.B) {
	r, err := exposure.New(exposure.DefaultConfig(), quiet())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	e := catalog.Exposure{Movies: make([]catalog.Exposed, 20)}
	b.ReportAllocs()
	for b.Loop() {
		r.Record(e)
	}
	cancel()
	<-ended
}
