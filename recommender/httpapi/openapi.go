package httpapi

import (
	_ "embed"
	"net/http"
)

// description is the OpenAPI 3.1 description of the public routes.
//
//go:embed openapi.json
var description []byte

// openAPI shows the description.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request, _ query) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(description) // the client may have gone
	return nil
}
