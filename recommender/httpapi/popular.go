package httpapi

import (
	"net/http"

	"marquee/recommender"
)

// popular lists what everybody watches.
func (s *Server) popular(w http.ResponseWriter, _ *http.Request, q query) error {
	return s.forAll(w, q, s.service.Popular)
}

// trending lists what is watched more of late than before.
func (s *Server) trending(w http.ResponseWriter, _ *http.Request, q query) error {
	return s.forAll(w, q, s.service.Trending)
}

// forAll answers with a list that is for nobody in particular.
func (s *Server) forAll(w http.ResponseWriter, q query, of func(recommender.Call) (recommender.Answer, error)) error {
	a, err := of(q.call)
	if err != nil {
		return err
	}
	s.provenance(w, &a)
	writeJSON(w, http.StatusOK, list(a, q))
	return nil
}
