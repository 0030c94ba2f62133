package lsa

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// blocks calls do(b, lo, hi) for every block b = [lo, hi) of size numbers below
// n, on every processor, and waits for all of them. What a block is depends on
// n and size alone, so that results kept by block do not depend on the number
// of processors. worker makes the do of one goroutine, which may keep scratch
// space. When ctx ends it begins no further block and returns ctx's error.
func blocks(ctx context.Context, n, size int, worker func() func(b, lo, hi int)) error {
	count := (n + size - 1) / size
	var next atomic.Int64
	work := func() {
		do := worker()
		for ctx.Err() == nil {
			b := int(next.Add(1)) - 1
			if b >= count {
				return
			}
			do(b, b*size, min(n, (b+1)*size))
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), count) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return ctx.Err()
}
