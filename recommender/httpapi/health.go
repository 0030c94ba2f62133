package httpapi

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"marquee/recommender"
)

// probes adds the health checks. Each tells of this process alone: a store that
// is away makes answers less personal, not the process unfit.
func (s *Server) probes(r *mux.Router) {
	ok := func(w http.ResponseWriter, r *http.Request) error {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
		return nil
	}
	ready := func(w http.ResponseWriter, r *http.Request) error {
		live, err := s.service.Live()
		if err != nil {
			return err
		}
		if s.closing.Load() {
			return fmt.Errorf("the server is ending: %w", recommender.ErrNotReady)
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "bundle": live.Bundle.Manifest.ID})
		return nil
	}
	r.Methods(http.MethodGet, http.MethodHead).Path("/health/live").Handler(named(routeHealth, s.route(ok)))
	r.Methods(http.MethodGet, http.MethodHead).Path("/health/ready").Handler(named(routeHealth, s.route(ready)))
	r.Methods(http.MethodGet, http.MethodHead).Path("/health/startup").Handler(named(routeHealth, s.route(ready)))
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
