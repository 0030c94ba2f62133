package neural

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// spread runs f(0) to f(n-1) on all processors. Which goroutine takes which part
// must not matter: each f writes to places of its own and sums in its own order.
func spread(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// blocks returns how many blocks of size n values make.
func blocks(n, size int) int { return (n + size - 1) / size }
