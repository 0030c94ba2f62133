package httpapi

import (
	"fmt"
	"net/http"

	"marquee/catalog"
)

// search lists movies whose texts mean what q says.
func (s *Server) search(w http.ResponseWriter, r *http.Request, q query) error {
	if q.text == "" {
		return fmt.Errorf("parameter q is missing, want what to search for, such as /search?q=space+opera: %w", catalog.ErrInvalid)
	}
	a, err := s.service.Search(r.Context(), q.text, q.call)
	if err != nil {
		return err
	}
	s.provenance(w, &a)
	out := list(a, q)
	out.Text = q.text
	writeJSON(w, http.StatusOK, out)
	return nil
}
