package exposure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender/exposure"
)

// list returns the n-th list, of some 120 bytes on the disk.
func list(n int) catalog.Exposure {
	e := catalog.Exposure{RequestID: fmt.Sprint(n), User: catalog.UserID(fmt.Sprint("user", n%10)), Bundle: "b", Arm: "blend", Tier: "personal", At: time.Unix(int64(n), 0).UTC()}
	for i := range 3 {
		e.Movies = append(e.Movies, catalog.Exposed{Movie: catalog.MovieID(fmt.Sprint("some+movie+", i, "+1995")), Source: "als", Propensity: 1})
	}
	return e
}

func recordLists(r *exposure.Recorder, from, to int) {
	for i := from; i < to; i++ {
		r.Record(list(i))
	}
}

// A desk is a writer that is away at times, and keeps each request once, as a store does.
type desk struct {
	away  atomic.Bool
	order []string // of requests, in which they first came
	known map[string]bool
}

func newDesk(away bool) *desk {
	d := &desk{known: make(map[string]bool)}
	d.away.Store(away)
	return d
}

func (d *desk) WriteExposures(_ context.Context, lists []catalog.Exposure) error {
	if d.away.Load() {
		return fmt.Errorf("gone: %w", catalog.ErrUnavailable)
	}
	for _, e := range lists {
		if !d.known[e.RequestID] {
			d.known[e.RequestID] = true
			d.order = append(d.order, e.RequestID)
		}
	}
	return nil
}

// numbers returns the requests from one number to before another.
func numbers(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func spilling(t *testing.T) exposure.Config {
	t.Helper()
	cfg := exposure.DefaultConfig()
	cfg.Queue, cfg.Batch, cfg.SpillDir = 100, 10, t.TempDir()
	return cfg
}

// A writer that is away for long, and lists that come in bursts larger than the queue:
// nothing is lost, and all comes in order, though nothing is recorded any more.
func TestSpill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		r, end := start(t, cfg, w)
		for i := range 50 {
			recordLists(r, 20*i, 20*i+20)
			pass(cfg.Wait)
		}
		got := r.Stats()[0]
		if got.Kept != 0 || got.Dropped != 0 || got.Spilled < 900 || got.SpillBytes < 90_000 {
			t.Errorf("away: %+v, want nearly all on the disk", got)
		}
		w.away.Store(false)
		pass(time.Minute)
		recordLists(r, 1000, 1025)
		pass(time.Minute)
		got = r.Stats()[0]
		if got.Kept != 1025 || got.Dropped != 0 || got.SpillBytes != 0 || got.Spilled > 1000 {
			t.Errorf("back: %+v, want all kept, and nothing on the disk", got)
		}
		if want := numbers(0, 1025); !slices.Equal(w.order, want) {
			t.Errorf("written in the order %v, want %v", w.order, want)
		}
		end()
		if left := segments(t, cfg.SpillDir); len(left) != 0 {
			t.Errorf("%q are left on the disk", left)
		}
	})
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "w0", "*.lists"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A queue that fills up while the writer is slow goes to the disk, in order.
func TestSpillOfASlowWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, d := spilling(t), newDesk(false)
		w := takes(func(lists []catalog.Exposure) error {
			time.Sleep(time.Second)
			return d.WriteExposures(t.Context(), lists)
		})
		r, end := start(t, cfg, w)
		synctest.Wait()
		for i := range 100 {
			recordLists(r, 30*i, 30*i+30) // three times as many as are written
			pass(time.Second)
		}
		pass(10 * time.Minute)
		end()
		got := r.Stats()[0]
		if got.Kept != 3000 || got.Dropped != 0 || got.Spilled < 1000 || got.SpillBytes != 0 {
			t.Errorf("%+v, want all kept, many of them by way of the disk", got)
		}
		if want := numbers(0, 3000); !slices.Equal(d.order, want) {
			t.Errorf("written in another order: %v", d.order)
		}
	})
}

// What one process leaves the next one writes, without those who were forgotten since,
// before what comes anew, and once.
func TestSpillAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := spilling(t)
		r, end := start(t, cfg, newDesk(true))
		synctest.Wait()
		recordLists(r, 0, 95) // the queue is full while the first batch is still tried
		pass(time.Minute)
		recordLists(r, 95, 100)
		end()
		if got := r.Stats()[0]; got.Spilled != 100 || got.Dropped != 0 {
			t.Fatalf("the first: %+v, want 100 on the disk", got)
		}
		w := newDesk(false)
		cfg.Gone = func(u catalog.UserID) bool { return u == "user7" }
		r, end = start(t, cfg, w)
		pass(time.Second) // nothing is recorded
		recordLists(r, 100, 110)
		pass(time.Minute)
		end()
		want := slices.DeleteFunc(numbers(0, 110), func(n string) bool { return len(n) < 3 && strings.HasSuffix(n, "7") })
		if !slices.Equal(w.order, want) {
			t.Errorf("the second wrote %v, want %v", w.order, want)
		}
		if got := r.Stats()[0]; got.Kept != 100 || got.Torn != 0 || got.SpillBytes != 0 || got.Dropped != 0 {
			t.Errorf("the second: %+v, want 100 kept", got)
		}
	})
}

// Who is forgotten while lists wait is in none of them, also of those that were read and
// tried in vain before.
func TestSpillOfTheForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		var gone atomic.Bool
		cfg.Gone = func(u catalog.UserID) bool { return gone.Load() && u == "user7" }
		r, end := start(t, cfg, w)
		recordLists(r, 0, 30)
		pass(time.Minute)
		gone.Store(true)
		w.away.Store(false)
		pass(time.Minute)
		end()
		if want := slices.DeleteFunc(numbers(0, 30), func(n string) bool { return strings.HasSuffix(n, "7") }); !slices.Equal(w.order, want) {
			t.Errorf("wrote %v, want %v", w.order, want)
		}
	})
}

// Nothing on the disk is written before it is known who was forgotten.
func TestSpillWaitsToBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := spilling(t)
		r, end := start(t, cfg, newDesk(true))
		recordLists(r, 0, 20)
		pass(time.Minute)
		end()
		w := newDesk(false)
		var told atomic.Bool
		cfg.Told = told.Load
		cfg.Gone = func(u catalog.UserID) bool { return told.Load() && u == "user7" }
		r, end = start(t, cfg, w)
		recordLists(r, 20, 30)
		pass(time.Minute)
		if len(w.order) > 0 {
			t.Errorf("wrote %v before", w.order)
		}
		told.Store(true)
		pass(time.Minute)
		end()
		want := slices.DeleteFunc(numbers(0, 30), func(n string) bool { return n == "7" || n == "17" })
		if !slices.Equal(w.order, want) {
			t.Errorf("wrote %v, want %v", w.order, want)
		}
	})
}

// Beyond the bound lists are lost, counted and told, now and then; what is on the disk is
// not.
func TestSpillIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		cfg.SpillBytes = 64 << 10
		var log bytes.Buffer
		r, err := exposure.New(cfg, slog.New(slog.NewTextHandler(&log, nil)), exposure.Named{Name: "w0", Writer: w})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		began := time.Now()
		for i := range 100 {
			recordLists(r, 20*i, 20*i+20)
			pass(cfg.Wait)
		}
		if took := time.Since(began); took != 100*cfg.Wait {
			t.Errorf("recording took %v, want no time", took-100*cfg.Wait)
		}
		got := r.Stats()[0]
		if got.SpillBytes > cfg.SpillBytes || got.SpillBytes < cfg.SpillBytes/2 || got.Dropped < 500 {
			t.Errorf("%+v, want a full disk and the rest dropped", got)
		}
		w.away.Store(false)
		pass(time.Minute)
		cancel()
		<-ended
		got = r.Stats()[0]
		if got.Kept+got.Dropped != 2000 || int(got.Kept) != len(w.order) || got.SpillBytes != 0 {
			t.Errorf("%+v and %d written, want each of 2000 either kept or dropped", got, len(w.order))
		}
		if n := strings.Count(log.String(), "are lost"); n < 5 || n > 11 {
			t.Errorf("the log tells of losses %d times in 100 s, want 5 to 11:\n%s", n, log.String())
		}
	})
}

// While the disk has no room, the queue is used as without one: what waits in it is kept
// behind what is on the disk, and only what comes later is lost.
func TestFullSpillLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		cfg.SpillBytes = 64 << 10
		r, end := start(t, cfg, w)
		for i := range 100 {
			recordLists(r, 20*i, 20*i+20)
			pass(cfg.Wait)
		}
		got := r.Stats()[0]
		if got.Waiting < cfg.Queue || got.Dropped != 2000-got.Spilled-int64(got.Waiting) || got.SpillBytes > cfg.SpillBytes {
			t.Errorf("away: %+v, want a full disk, a full queue, and the rest dropped", got)
		}
		w.away.Store(false)
		pass(time.Minute)
		recordLists(r, 2000, 2010)
		end()
		got = r.Stats()[0]
		kept := int(got.Kept) - 10
		if want := append(numbers(0, kept), numbers(2000, 2010)...); !slices.Equal(w.order, want) {
			t.Errorf("written in the order %v, want the first %d and the last ten", w.order, kept)
		}
		if kept+int(got.Dropped) != 2000 || got.SpillBytes != 0 || got.Waiting != 0 {
			t.Errorf("back: %+v, want all but what was dropped", got)
		}
	})
}

// pass lets some time go by, and what falls due at the end of it be done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// Lists wait while the disk fails, and go there once it does not.
func TestSpillToADiskThatFailsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		r, end := start(t, cfg, w)
		recordLists(r, 0, 10)
		pass(time.Minute)
		dir := filepath.Join(cfg.SpillDir, "w0")
		if err := os.Rename(dir, dir+"-away"); err != nil {
			t.Fatal(err)
		}
		recordLists(r, 10, 60)
		pass(time.Minute)
		if got := r.Stats()[0]; got.Waiting != 50 || got.Dropped != 0 || got.Spilled != 10 {
			t.Errorf("the disk fails: %+v, want 50 that wait", got)
		}
		if err := os.Rename(dir+"-away", dir); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got := r.Stats()[0]; got.Waiting != 0 || got.Dropped != 0 || got.Spilled != 60 {
			t.Errorf("it does not any more: %+v, want all on the disk", got)
		}
		w.away.Store(false)
		pass(time.Minute)
		end()
		if want := numbers(0, 60); !slices.Equal(w.order, want) {
			t.Errorf("written in the order %v, want %v", w.order, want)
		}
	})
}

// However a crash cuts off a segment, what is whole is written and the rest counted; and
// so it is when a bit of it flips.
func TestSpillTorn(t *testing.T) {
	whole := spilled(t, 2)
	ends := []int{0}
	for rest := whole; len(rest) > 0; ends = append(ends, len(whole)-len(rest)) {
		var err error
		if _, rest, err = exposure.BodyOf(rest); err != nil {
			t.Fatal(err)
		}
	}
	for n := range len(whole) {
		before := 0
		for before+1 < len(ends) && ends[before+1] <= n {
			before++
		}
		torn := int64(1)
		if n == ends[before] {
			torn = 0
		}
		replayed(t, fmt.Sprintf("the first %d bytes of %d", n, len(whole)), whole[:n], numbers(0, before), torn)
		if n%5 != 0 {
			continue
		}
		flipped := slices.Clone(whole)
		flipped[n] ^= 1 << (n % 8)
		replayed(t, fmt.Sprintf("a bit of byte %d", n), flipped, numbers(0, before), 1)
	}
	replayed(t, "all", whole, numbers(0, 2), 0)
}

// spilled returns a segment of so many lists.
func spilled(t *testing.T, n int) (raw []byte) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := spilling(t)
		r, end := start(t, cfg, newDesk(true))
		recordLists(r, 0, n)
		end()
		names := segments(t, cfg.SpillDir)
		if len(names) != 1 {
			t.Fatalf("segments are %q, want one", names)
		}
		var err error
		if raw, err = os.ReadFile(names[0]); err != nil {
			t.Fatal(err)
		}
	})
	return raw
}

// replayed checks what a process writes of a segment that it finds.
func replayed(t *testing.T, what string, raw []byte, want []string, torn int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(false)
		if err := os.MkdirAll(filepath.Join(cfg.SpillDir, "w0"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(cfg.SpillDir, "w0", "0000000000000042.lists"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		r, end := start(t, cfg, w)
		pass(time.Minute)
		end()
		if got := r.Stats()[0]; !slices.Equal(w.order, want) || got.Torn != torn || got.SpillBytes != 0 || len(segments(t, cfg.SpillDir)) > 0 {
			t.Fatalf("%s: wrote %v, %+v; want %v, %d torn, and nothing left", what, w.order, got, want, torn)
		}
	})
}

// A folder that another process uses is taken over when that ends; until then lists are
// kept as without one.
func TestSpillIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(false)
		first, endFirst := start(t, cfg, newDesk(true))
		recordLists(first, 0, 50)
		pass(time.Minute)
		second, endSecond := start(t, cfg, w)
		recordLists(second, 50, 60)
		pass(time.Minute)
		if got := second.Stats()[0]; got.Kept != 10 || got.SpillBytes != 0 {
			t.Errorf("beside the first: %+v, want what it was given", got)
		}
		endFirst()
		pass(time.Minute)
		endSecond()
		if want := append(numbers(50, 60), numbers(0, 50)...); !slices.Equal(w.order, want) {
			t.Errorf("written are %v, want %v", w.order, want)
		}
	})
}

// A disk that fails costs lists, which are counted, and nothing else.
func TestSpillToABrokenDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, w := spilling(t), newDesk(true)
		r, end := start(t, cfg, w)
		synctest.Wait()
		if err := os.RemoveAll(cfg.SpillDir); err != nil {
			t.Fatal(err)
		}
		recordLists(r, 0, 200)
		pass(time.Hour)
		if got := r.Stats()[0]; got.Dropped != 200 || got.Waiting != 0 {
			t.Errorf("away: %+v, want all dropped", got)
		}
		w.away.Store(false)
		recordLists(r, 200, 220)
		pass(time.Minute)
		end()
		if got := r.Stats()[0]; got.Kept != 20 || got.Dropped != 200 {
			t.Errorf("back: %+v, want what came since", got)
		}
	})
}

func TestSpillConfig(t *testing.T) {
	cfg := exposure.DefaultConfig()
	cfg.SpillDir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(cfg.SpillDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exposure.New(cfg, quiet(), exposure.Named{Name: "w0", Writer: newDesk(false)}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a file as the folder: %v, want an error that wraps ErrInvalid", err)
	}
	cfg.SpillDir, cfg.SpillBytes = t.TempDir(), 1
	if _, err := exposure.New(cfg, quiet()); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a byte: %v, want an error that wraps ErrInvalid", err)
	}
}
