package catalogapi

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	outageAfter = 3                // failed attempts in a row, after which it shows
	outageEvery = 10 * time.Second // between warnings, at least
)

// An outage tells the log that the service gives nothing but failures, and when
// that is over. All requests of a client together make it up.
type outage struct {
	log  *slog.Logger
	name string // of the service, without secrets

	mu     sync.Mutex
	failed int       // attempts in a row
	warned time.Time // when it was last said, in this outage or before
	open   bool      // it was said, and not yet that it is over
}

// note takes the result of one attempt. An attempt that the caller's ctx ended
// says nothing about the service.
func (o *outage) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !retriable(err) {
		if o.open {
			o.log.Info("catalog API answers again", "url", o.name, "failed_attempts", o.failed)
		}
		o.failed, o.open = 0, false
		return
	}
	o.failed++
	if o.failed >= outageAfter && (o.warned.IsZero() || time.Since(o.warned) >= outageEvery) {
		o.log.Warn("catalog API fails; asking again", "url", o.name, "failed_attempts", o.failed, "error", err)
		o.warned, o.open = time.Now(), true
	}
}
