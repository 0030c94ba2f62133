package als

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// parallel calls work for 0 to n-1, each once, on as many goroutines as there are
// processors; worker makes what one goroutine needs. Which goroutine gets which
// number is left to chance, so work must write to what belongs to its number.
func parallel(ctx context.Context, n int, worker func() func(i int)) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(n, runtime.GOMAXPROCS(0)) {
		g.Go(func() error {
			work := worker()
			for {
				i := int(next.Add(1) - 1)
				if i >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				work(i)
			}
		})
	}
	return g.Wait()
}
