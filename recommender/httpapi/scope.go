package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

var (
	errToken = errors.New("a token is wanted")       // 401
	errScope = errors.New("the token is not for it") // 403
)

// admit returns an error unless r bears a token of scope, and tells the caller of w
// how to bear one.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, scope Scope) error {
	if scope == ScopeNone {
		return nil
	}
	token, ok := bearer(r)
	if !ok || s.cfg.Tokens == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", scope="`+string(scope)+`"`)
		return fmt.Errorf("%s %s takes the header \"Authorization: Bearer TOKEN\" with a token of scope %s: %w", r.Method, r.URL.Path, scope, errToken)
	}
	if s.cfg.Tokens.Allows(token, scope) {
		return nil
	}
	for _, other := range []Scope{ScopeRead, ScopeWrite, ScopeAdmin} {
		if other != scope && s.cfg.Tokens.Allows(token, other) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", error="insufficient_scope", scope="`+string(scope)+`"`)
			return fmt.Errorf("%s %s takes a token of scope %s: %w", r.Method, r.URL.Path, scope, errScope)
		}
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", error="invalid_token", scope="`+string(scope)+`"`)
	return fmt.Errorf("the token is not known: %w", errToken)
}

// permits reports whether r bears a token of scope.
func (s *Server) permits(r *http.Request, scope Scope) bool {
	token, ok := bearer(r)
	return ok && s.cfg.Tokens != nil && s.cfg.Tokens.Allows(token, scope)
}

// bearer returns the token of r's Authorization header (RFC 6750, section 2.1).
func bearer(r *http.Request) (token string, ok bool) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(kind, "Bearer") && token != ""
}
