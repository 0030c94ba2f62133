package server

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Pauses are what a machine takes from its programs: gaps in the run of threads that do
// nothing but read the clock, one on each processor while nobody else wants any. On a
// rented machine they are its host's doing, who counts them nowhere. A server that uses a
// share u of the processors needs some 1/(1-u) times each gap to work off what came
// meanwhile, so that gaps of one part in a hundred make a p99 at high loads.
type pauses struct {
	share   float64 // of the time of a processor, in gaps of 0.1 ms and more
	longest time.Duration
}

func (p pauses) String() string {
	return fmt.Sprintf("the machine alone pauses %.2f%% of the time, %v at most", 100*p.share, p.longest.Round(10*time.Microsecond))
}

// pausesWithin watches all processors for a while.
func pausesWithin(span time.Duration) pauses {
	const short = 100 * time.Microsecond
	var mu sync.Mutex
	var wg sync.WaitGroup
	var lost time.Duration
	var p pauses
	n := runtime.GOMAXPROCS(0)
	for range n {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var own, longest time.Duration
			began := time.Now()
			for last := began; last.Sub(began) < span; {
				now := time.Now()
				if gap := now.Sub(last); gap >= short {
					own += gap
					longest = max(longest, gap)
				}
				last = now
			}
			mu.Lock()
			defer mu.Unlock()
			lost += own
			p.longest = max(p.longest, longest)
		})
	}
	wg.Wait()
	p.share = float64(lost) / float64(span) / float64(n)
	return p
}
