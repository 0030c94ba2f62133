package httpapi

import (
	"sync"
	"time"
)

// work starts as many workers as lists are made at once. They make lists until end is
// called, which waits for them: a goroutine that goes on has a stack that is large enough,
// while that of a new one is copied until it is, which took a twentieth of a request's
// time. Without a worker that has nothing to do, a list is made by a goroutine of its own:
// see [Server.begin].
func (s *Server) work() (end func()) {
	over := make(chan struct{})
	var working sync.WaitGroup
	for range s.cfg.Limits.Concurrent {
		working.Go(func() {
			for {
				select {
				case k := <-s.workers:
					k.run()
				case <-over:
					return
				}
			}
		})
	}
	return func() {
		close(over)
		s.await(&working)
	}
}

// begin lets k be made.
func (s *Server) begin(k *ranking) {
	select {
	case s.workers <- k:
	default:
		go k.run()
	}
}

// await waits for the workers within the time to drain. What hangs by then is no list that
// somebody waits for.
func (s *Server) await(working *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() { working.Wait(); close(ended) }()
	late := time.NewTimer(s.cfg.Drain)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		s.log.Warn("lists that nobody waits for are still being made at the end")
	}
}
