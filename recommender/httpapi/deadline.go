package httpapi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A deadline is a context that ends at a time. Its timer is made when somebody asks for
// its end: a history in memory, which is the common case, asks for none.
type deadline struct {
	context.Context // of the request
	at              time.Time

	once  sync.Once
	timed atomic.Pointer[timed]
}

// A timed is a context with what ends it.
type timed struct {
	context.Context
	cancel context.CancelFunc
}

// opened returns the context that has a timer.
func (d *deadline) opened() *timed {
	d.once.Do(func() {
		ctx, cancel := context.WithDeadline(d.Context, d.at)
		d.timed.Store(&timed{ctx, cancel})
	})
	return d.timed.Load()
}

// end frees what the timer holds; the context has ended then.
func (d *deadline) end() {
	d.once.Do(func() { d.timed.Store(over) })
	d.timed.Load().cancel()
}

// over is a context that has ended.
var over = func() *timed {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return &timed{ctx, cancel}
}()

// Deadline implements [context.Context].
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements [context.Context].
func (d *deadline) Done() <-chan struct{} { return d.opened().Done() }

// Err implements [context.Context].
func (d *deadline) Err() error { return d.opened().Err() }

// Value implements [context.Context]. The context with the timer answers once it is
// there: contexts made from d find it so, and need no goroutine to follow d.
func (d *deadline) Value(key any) any {
	if t := d.timed.Load(); t != nil {
		return t.Value(key)
	}
	return d.Context.Value(key)
}
