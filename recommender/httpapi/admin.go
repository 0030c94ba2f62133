package httpapi

import (
	"fmt"
	"net/http"
	"net/http/pprof" //nolint:gosec // its routes on the default mux are served by nobody
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"marquee/catalog"
)

// maxProfile is the longest profile that may be taken, and so the time to write an answer
// of the second listener.
const maxProfile = 2 * time.Minute

// Admin returns the routes of the second listener, which is for operators only.
func (s *Server) Admin() http.Handler {
	r := mux.NewRouter()
	s.probes(r)
	get := func(path string, h http.Handler) {
		r.Methods(http.MethodGet).Path(path).Handler(s.operators(h))
	}
	get("/metrics", s.metrics.Handler())
	get("/admin/bundle", s.route(s.bundle))
	get("/admin/experiments", s.route(s.experiments))
	if s.cfg.Profiles {
		get("/debug/pprof/cmdline", http.HandlerFunc(pprof.Cmdline))
		get("/debug/pprof/profile", s.briefly(pprof.Profile))
		get("/debug/pprof/symbol", http.HandlerFunc(pprof.Symbol))
		get("/debug/pprof/trace", s.briefly(pprof.Trace))
		r.Methods(http.MethodGet).PathPrefix("/debug/pprof/").Handler(s.operators(s.briefly(pprof.Index)))
	}
	r.NotFoundHandler = s.admin.limited(s.route(func(w http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("no page %s: %w", r.URL.Path, catalog.ErrNotFound)
	}))
	return r
}

// briefly refuses profiles of more than maxProfile: net/http/pprof would put off the end
// of the time to write for them, and a server that is to end would wait.
func (s *Server) briefly(f http.HandlerFunc) http.Handler {
	return s.route(func(w http.ResponseWriter, r *http.Request) error {
		if text := r.URL.Query().Get("seconds"); text != "" {
			if n, err := strconv.ParseFloat(text, 64); err != nil || !(n >= 0 && n <= maxProfile.Seconds()) {
				return fmt.Errorf("seconds is %.20q, want 0 to %v: %w", text, maxProfile.Seconds(), catalog.ErrInvalid)
			}
		}
		f(w, r)
		return nil
	})
}

// operators lets only those with a token of their scope in, if the server wants one, and
// refuses clients that call too often.
func (s *Server) operators(h http.Handler) http.Handler {
	if s.cfg.AdminToken {
		h = s.admin.scoped(ScopeAdmin, h)
	}
	return s.admin.limited(h)
}

// bundle shows which bundle serves, with what, and which was refused.
func (s *Server) bundle(w http.ResponseWriter, r *http.Request) error {
	live, err := s.service.Live()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"status": s.status(), "manifest": live.Bundle.Manifest, "sequence": live.Sequence,
		"added": live.State.Len(), "hidden": len(live.State.Hidden()), "corrections": len(live.State.Corrections()),
	})
	return nil
}

// experiments shows those that there are, and what became of their lists.
func (s *Server) experiments(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Experiments == nil {
		return fmt.Errorf("this server knows no experiments: %w", catalog.ErrNotFound)
	}
	writeJSON(w, http.StatusOK, s.cfg.Experiments())
	return nil
}
