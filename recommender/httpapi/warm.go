package httpapi

import (
	"context"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/rank"
)

// maxWarm is the longest time to warm up: a store that hangs is no reason not to serve.
const maxWarm = 3 * time.Second

// warm makes lists of people of the bundle and of nobody, which nobody is shown, so that
// what is filled at first use is full before the first request. Then the server may be
// ready. Later bundles answer before they are taken: see [recommender.Rehearse].
func (s *Server) warm(ctx context.Context) {
	defer s.cold.Store(false)
	live, err := s.service.Live()
	if err != nil { // what comes is rehearsed
		return
	}
	ctx, cancel := context.WithTimeout(ctx, maxWarm)
	defer cancel()
	var people []catalog.UserID
	if h := live.Bundle.Histories; h != nil {
		people = h.Users
	}
	var line []byte
	for i := 0; i < s.cfg.Warm && ctx.Err() == nil; i++ {
		var u catalog.UserID
		if len(people) > 0 && i%10 != 0 {
			u = people[i*len(people)/s.cfg.Warm]
		}
		a, err := s.warmed(ctx, u, i)
		if err != nil {
			s.log.Warn("a list could not be made while warming up", "error", err)
			return
		}
		line = appendLine(line[:0], &a)
	}
}

// warmed makes one list.
func (s *Server) warmed(ctx context.Context, u catalog.UserID, n int) (a recommender.Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.service.Recommend(ctx, recommender.Call{User: u, RequestID: fmt.Sprintf("warm-%d", n), N: rank.MaxList})
}
