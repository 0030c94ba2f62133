package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"marquee/catalog"
)

// methods are those that some route has, as an Allow header lists them.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// withHead returns a method, and HEAD with GET: net/http leaves the body out.
func withHead(method string) []string {
	if method == http.MethodGet {
		return []string{method, http.MethodHead}
	}
	return []string{method}
}

// unrouted answers what no route of router takes: 405 with the methods that its path has
// (RFC 9110, section 15.5.6), or 404 if it has none. The router itself takes some of the
// former for the latter where a later route has the method and another path.
func (s *Server) unrouted(router *mux.Router) http.Handler {
	return s.public.limited(s.route(func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range methods {
			other := *r
			other.Method = method
			var match mux.RouteMatch
			if router.Match(&other, &match) && match.Route != nil && match.MatchErr == nil {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			return fmt.Errorf("no page %s: %w", r.URL.Path, catalog.ErrNotFound)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return fmt.Errorf("%s of %s: %w", r.Method, r.URL.Path, errMethod)
	}))
}
