package simulate

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"marquee/tests/faults/txdb"
	"marquee/tests/faults/wire"
)

// A hand carries out the strikes on one life of a process.
type hand struct {
	link    *wire.Link
	kill    context.CancelFunc
	away    *atomic.Bool  // the database
	stalled *atomic.Int32 // lives that stand still
	dead    atomic.Bool
	mu      sync.Mutex // guards what follows; the source reads offsets from goroutines of its own
	rng     *rand.Rand
	left    []Strike
	passed  map[Point]int
}

func newHand(life []Strike, seed, number uint64, link *wire.Link, kill context.CancelFunc, away *atomic.Bool, stalled *atomic.Int32) *hand {
	return &hand{
		link: link, kill: kill, away: away, stalled: stalled, left: append([]Strike(nil), life...),
		rng: rand.New(rand.NewPCG(seed, number)), passed: make(map[Point]int),
	}
}

// crash ends the life: nothing it does from now on reaches anyone.
func (h *hand) crash() {
	h.dead.Store(true)
	h.link.Cut()
	h.kill()
}

// at is called when a point is reached.
func (h *hand) at(ctx context.Context, point Point) error {
	if h.dead.Load() {
		return txdb.ErrCrash
	}
	strike, struck, lag := h.next(point)
	if err := sleep(ctx, lag); err != nil {
		return err
	}
	if h.away.Load() && inStore(point) {
		return txdb.ErrDown
	}
	if !struck {
		return nil
	}
	switch strike.Harm {
	case Crash:
		h.crash()
		return txdb.ErrCrash
	case Fail:
		if inStore(point) {
			return txdb.ErrDown
		}
	case Stall:
		h.stalled.Add(1)
		h.link.Hold()
		defer h.stalled.Add(-1)
		defer h.link.Release()
		return sleep(ctx, strike.For)
	}
	return nil
}

// next returns the strike that comes now, if one does, and how long the step
// takes anyway.
func (h *hand) next(point Point) (s Strike, struck bool, lag time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lag = time.Duration(h.rng.IntN(4000)) * time.Microsecond
	n := h.passed[point]
	h.passed[point]++
	for i, s := range h.left {
		if s.Point == point && n >= s.After {
			h.left = append(h.left[:i:i], h.left[i+1:]...)
			return s, true, lag
		}
	}
	return Strike{}, false, lag
}

func (h *hand) step(ctx context.Context, step txdb.Step) error { return h.at(ctx, Point(step)) }

// inStore reports whether a point is within a call of the store.
func inStore(point Point) bool {
	switch point {
	case BeforeFetch, Fetched, BeforeAcknowledge, AnyTime:
		return false
	}
	return true
}

func sleep(ctx context.Context, span time.Duration) error {
	if span <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
