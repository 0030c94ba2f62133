package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"marquee/catalog"
	"marquee/recommender"
)

var errMethod = errors.New("method not allowed, want GET")

// statuses alone decides how an error becomes a status; the first match wins. The
// plain contract call never gets here: it answers 200 from the next tier.
// Anything else is a 500, its text logged with the request ID and never sent.
var statuses = []struct {
	err    error
	status int
}{
	{catalog.ErrInvalid, http.StatusBadRequest},
	{catalog.ErrNotFound, http.StatusNotFound},
	{errMethod, http.StatusMethodNotAllowed},
	{recommender.ErrNotReady, http.StatusServiceUnavailable},
	{catalog.ErrUnavailable, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusGatewayTimeout},
}

func statusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// route makes a handler of f, whose error it turns into an answer.
func (s *Server) route(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	text := err.Error()
	if status == http.StatusInternalServerError {
		s.log.Error("request failed", "request", requestID(r), "path", r.URL.Path, "error", err)
		text = "internal error; the log has it under this request's id"
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, map[string]string{"error": text, "request_id": requestID(r)})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may have gone; there is nobody left to tell
}
