package httpapi

import (
	"context"
	"net/http"
)

// guard makes a handler of an endpoint: the client's rate, its token, the body, room and
// the time are seen to before it is called. A body is read before there is room, so that
// callers who send theirs slowly take none from others.
func (s *Server) guard(e endpoint) http.Handler {
	return s.public.limited(s.route(func(w http.ResponseWriter, r *http.Request) error {
		if err := s.public.admit(w, r, e.scope); err != nil {
			return err
		}
		var body []byte
		if e.takes {
			var err error
			if body, err = readBody(w, r, e.body); err != nil {
				return err
			}
		}
		if !s.others.enter() {
			s.metrics.shed(shedRefused)
			return errBusy
		}
		defer s.others.leave()
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Limits.Others)
		defer cancel()
		return e.handle(w, r.WithContext(ctx), body)
	}))
}
