package httpapi

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"marquee/catalog"
)

// similar lists movies near one. The movie itself is not among them.
func (s *Server) similar(w http.ResponseWriter, r *http.Request, q query) error {
	text, err := fromPath(r, "movie")
	if err != nil {
		return err
	}
	id, err := catalog.ParseMovieID(text)
	if err != nil {
		return err
	}
	a, err := s.service.Similar(r.Context(), id, q.call)
	if err != nil {
		return err
	}
	s.provenance(w, &a)
	out := list(a, q)
	out.Movie = id
	writeJSON(w, http.StatusOK, out)
	return nil
}

// fromPath returns the part of r's path that its route calls name. The router leaves it
// as it stands in the URL, so that an id may hold whatever a URL can.
func fromPath(r *http.Request, name string) (string, error) {
	raw := mux.Vars(r)[name]
	text, err := url.PathUnescape(raw)
	if err != nil {
		return "", fmt.Errorf("%s id %.80q: %w: %w", name, raw, err, catalog.ErrInvalid)
	}
	return text, nil
}
