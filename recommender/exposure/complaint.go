package exposure

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// complainEvery bounds what losses write to the log.
const complainEvery = 10 * time.Second

// A complaint counts lists that were lost, and logs of it now and then.
type complaint struct {
	lists atomic.Int64
	told  atomic.Int64 // when, in Unix nanoseconds
}

// add notes that n lists were lost, and why.
func (c *complaint) add(log *slog.Logger, n int, why string, err error) {
	if n == 0 {
		return
	}
	total := c.lists.Add(int64(n))
	last, now := c.told.Load(), time.Now().UnixNano()
	if (last == 0 || now-last >= int64(complainEvery)) && c.told.CompareAndSwap(last, now) {
		log.Warn("served lists are lost: "+why, "lists_so_far", total, "error", err)
	}
}
