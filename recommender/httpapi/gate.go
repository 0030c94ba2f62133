package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var (
	errToken = errors.New("a token is wanted")       // 401
	errScope = errors.New("the token is not for it") // 403
)

// A gate is the way in to one listener: it bounds how often each client calls, knows who
// bears which token, and answers those whom it refuses.
type gate struct {
	*teller
	tokens  Tokens // nil: nobody bears one
	clients *clients
	refused func() // told of each call that is one too many
}

func newGate(t *teller, tokens Tokens, rate Rate, refused func()) *gate {
	return &gate{teller: t, tokens: tokens, clients: newClients(rate), refused: refused}
}

// Operators is the way into h, of a program that is no server of lists, for those with a
// token of scope admin: as on the second listener of one that wants a token, and at
// [DefaultRate]. Others get 401, 403 or 429, as JSON that says what is wanted.
func Operators(tokens Tokens, log *slog.Logger, h http.Handler) http.Handler {
	g := newGate(&teller{log: log}, tokens, DefaultRate(), func() {})
	return g.limited(g.scoped(ScopeAdmin, h))
}

// limited refuses clients that call too often, and lets those behind it know the
// request's id. It stands before scoped, so that tokens are not tried without end.
func (g *gate) limited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rec, ok := w.(*recorder); ok {
			r = withRequestID(r, rec.id)
		}
		if err := g.charge(w, r, 1); err != nil {
			g.fail(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// scoped lets only those in who bear a token of scope.
func (g *gate) scoped(scope Scope, h http.Handler) http.Handler {
	return g.route(func(w http.ResponseWriter, r *http.Request) error {
		if err := g.admit(w, r, scope); err != nil {
			return err
		}
		h.ServeHTTP(w, r)
		return nil
	})
}

// charge takes cost calls of the client of r, or returns an error that wraps errLimited.
// A handler whose request is worth several charges the others itself.
func (g *gate) charge(w http.ResponseWriter, r *http.Request, cost int) error {
	c := g.clients.cfg
	if c.PerSecond == 0 || cost <= 0 {
		return nil
	}
	left, again, ok := g.clients.take(clientOf(r, c.Trusted), cost, time.Now())
	h := w.Header()
	// As draft-ietf-httpapi-ratelimit-headers-10 has them: a quota for a window of
	// seconds, what is left of it, and when there is more.
	window := max(1, int(math.Ceil(float64(c.Burst)/c.PerSecond)))
	h.Set("RateLimit-Policy", fmt.Sprintf(`"client";q=%d;w=%d`, c.Burst, window))
	wait := int(math.Ceil(again.Seconds()))
	h.Set("RateLimit", fmt.Sprintf(`"client";r=%d;t=%d`, left, wait))
	if ok {
		return nil
	}
	g.refused()
	h.Set("Retry-After", strconv.Itoa(max(1, wait)))
	return fmt.Errorf("%w: %g a second in the long run and %d at once are allowed, try again in %d s", errLimited, c.PerSecond, c.Burst, max(1, wait))
}

// admit returns an error unless r bears a token of scope, and tells the caller of w
// how to bear one.
func (g *gate) admit(w http.ResponseWriter, r *http.Request, scope Scope) error {
	if scope == ScopeNone {
		return nil
	}
	token, ok := bearer(r)
	if !ok || g.tokens == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", scope="`+string(scope)+`"`)
		return fmt.Errorf("%s %s takes the header \"Authorization: Bearer TOKEN\" with a token of scope %s: %w", r.Method, r.URL.Path, scope, errToken)
	}
	if g.tokens.Allows(token, scope) {
		return nil
	}
	for _, other := range []Scope{ScopeRead, ScopeWrite, ScopeAdmin} {
		if other != scope && g.tokens.Allows(token, other) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", error="insufficient_scope", scope="`+string(scope)+`"`)
			return fmt.Errorf("%s %s takes a token of scope %s: %w", r.Method, r.URL.Path, scope, errScope)
		}
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="marquee", error="invalid_token", scope="`+string(scope)+`"`)
	return fmt.Errorf("the token is not known: %w", errToken)
}

// permits reports whether r bears a token of scope.
func (g *gate) permits(r *http.Request, scope Scope) bool {
	token, ok := bearer(r)
	return ok && g.tokens != nil && g.tokens.Allows(token, scope)
}

// bearer returns the token of r's Authorization header (RFC 6750, section 2.1).
func bearer(r *http.Request) (token string, ok bool) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(kind, "Bearer") && token != ""
}
