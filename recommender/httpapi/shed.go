package httpapi

import (
	"sync/atomic"
	"time"
)

// A room bounds how many do something at once, and how many wait for that and how long.
// Who waits longest comes first.
type room struct {
	places  chan struct{}
	waiting atomic.Int64
	queue   int64
	wait    time.Duration
}

func newRoom(l Limits) *room {
	return &room{places: make(chan struct{}, l.Concurrent), queue: int64(l.Queue), wait: l.Wait}
}

// readingRoom returns that of calls which wait for the store. Nobody waits to wait.
func readingRoom(l Limits) *room { return &room{places: make(chan struct{}, l.Reading)} }

// enter takes a place and reports whether there was one, in time. Who gets one leaves.
func (r *room) enter() bool {
	select {
	case r.places <- struct{}{}:
		return true
	default:
	}
	if r.waiting.Add(1) > r.queue || r.wait <= 0 {
		r.waiting.Add(-1)
		return false
	}
	defer r.waiting.Add(-1)
	late := time.NewTimer(r.wait)
	defer late.Stop()
	select {
	case r.places <- struct{}{}:
		return true
	case <-late.C:
		return false
	}
}

// leave gives a place back.
func (r *room) leave() { <-r.places }

// taken returns how many are in the room and how many wait.
func (r *room) taken() (in, waiting int) { return len(r.places), int(r.waiting.Load()) }
