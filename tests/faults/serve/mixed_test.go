package serve

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"marquee/catalog/catalogtest/pgtest"
	"marquee/tests/load"
)

const (
	rate      = 300              // requests a second
	swapEvery = 10 * time.Second // bundles
	downEvery = 35 * time.Second // the database
	downFor   = 6 * time.Second
	token     = "a-token-for-posted-events"
)

// A mixed load while bundles are swapped, the database dies and comes back, and events
// are written: see the package.
func TestMixed(t *testing.T) {
	span := time.Duration(asked(t, "MARQUEE_MIXED_SECONDS", "mixed")) * time.Second
	database := pgtest.Start(t)
	h := newHouse(t, database.DSN())
	bundles := []string{h.build(), h.build("--weight-popularity", "2")}
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := h.serve("--token-file", tokens, "--history-people", "100")
	l := &ledger{watched: map[string]map[string]time.Time{}}
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()

	var wg sync.WaitGroup
	var posts, swaps int
	wg.Go(func() { posts = l.write(ctx, t, s.address, token) })
	wg.Go(func() { swaps = h.swap(ctx, bundles) })
	wg.Go(func() {
		for wait(ctx, downEvery-downFor) {
			l.went()
			database.Crash(t)
			wait(ctx, downFor)
			database.Restart(t)
			l.came()
		}
	})
	r, err := load.Run(t.Context(), load.Config{
		Address: s.address, Rate: rate, Duration: span, Connections: 32, Timeout: 5 * time.Second,
		Request: func(i int) []byte { return request(uint64(i)) },
		Answered: func(i int, a load.Answer, waited time.Duration, err error) {
			if contract(uint64(i)) {
				l.judge(uint64(i), a, time.Now().Add(-waited), err)
			}
		},
	})
	cancel()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	t.Logf("%d lists, of people with a history %d fresh, %d stale while the store was down and %d at other times; %d posts of events, %d bundles swapped in, the database down %d times", l.lists, l.fresh, l.stale, l.late, posts, swaps, len(l.down))
	for _, f := range l.faults {
		t.Error(f)
	}
	if n := s.metric(t, `marquee_exposures_dropped_total{writer="store"}`); n > 0 {
		t.Errorf("%.0f served lists were lost", n)
	}
	if l.late > l.fresh/100 {
		t.Errorf("%d lists say stale though the store was there, beside %d that are fresh", l.late, l.fresh)
	}
	if l.fresh == 0 || posts == 0 || swaps < int(span/swapEvery)-2 {
		t.Error("nothing was tried")
	}
}

// swap publishes the bundles in turn until ctx ends.
func (h *house) swap(ctx context.Context, bundles []string) (swaps int) {
	for i := 0; wait(ctx, swapEvery); i++ {
		// The command tells the store too, which may be away: the pointer is what counts.
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		out, err := h.command(limit, "bundle", "publish", bundles[i%2], "--why", "mixed load").CombinedOutput()
		cancel()
		if err != nil {
			h.t.Errorf("publish: %v: %s", err, out)
			return swaps
		}
		swaps++
	}
	return swaps
}

// wait reports whether ctx goes on for so long.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
