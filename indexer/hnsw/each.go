package hnsw

import (
	"context"
	"sync"
	"sync/atomic"
)

// each calls do(worker, i) for every i below n, from at most workers goroutines,
// and waits for them all. When ctx ends it starts no further i and returns ctx's
// error.
func each(ctx context.Context, workers, n int, do func(worker, i int)) error {
	var next atomic.Int64
	run := func(worker int) {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			do(worker, i)
		}
	}
	var wg sync.WaitGroup
	for worker := 1; worker < min(workers, n); worker++ {
		wg.Go(func() { run(worker) })
	}
	run(0)
	wg.Wait()
	return ctx.Err()
}
