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
	for path, state := range map[string]func() error{
		"/health/live":    func() error { return nil },
		"/health/startup": s.started,
		"/health/ready":   s.ready,
	} {
		r.Methods(http.MethodGet, http.MethodHead).Path(path).Handler(named(routeHealth, s.route(func(w http.ResponseWriter, r *http.Request) error {
			if err := state(); err != nil {
				return err
			}
			told := map[string]string{"status": "ok"}
			if live, err := s.service.Live(); err == nil {
				told["bundle"] = live.Bundle.Manifest.ID
			}
			writeJSON(w, http.StatusOK, told)
			return nil
		})))
	}
}

// started returns nil once there is a bundle and the server is warm.
func (s *Server) started() error {
	if _, err := s.service.Live(); err != nil {
		return err
	}
	if s.cold.Load() {
		return fmt.Errorf("the server is warming up: %w", recommender.ErrNotReady)
	}
	return nil
}

// ready returns nil while requests are welcome.
func (s *Server) ready() error {
	if err := s.started(); err != nil {
		return err
	}
	if s.closing.Load() {
		return fmt.Errorf("the server is ending: %w", recommender.ErrNotReady)
	}
	return nil
}
