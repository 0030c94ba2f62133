package httpapi

import (
	"context"
	"net/http"

	"marquee/catalog"
)

// A Scope is what a token lets its bearer do.
type Scope string

// The scopes. A token of one scope is none of another.
const (
	ScopeNone  Scope = ""      // no token is asked for
	ScopeRead  Scope = "read"  // histories, and reasons, which show them
	ScopeWrite Scope = "write" // feedback and preferences
	ScopeAdmin Scope = "admin" // what the second listener shows
)

// Tokens knows bearer tokens. It compares them in constant time.
type Tokens interface {
	Allows(token string, scope Scope) bool
}

// A Store keeps what callers tell. It is a *sqlstore.Store once that is open.
type Store interface {
	// PutFeedback keeps each of a request, movie and kind once, and returns how many are
	// new.
	PutFeedback(ctx context.Context, feedback []catalog.Feedback) (added int, err error)
	// PutPreferences keeps the last of a person; empty ones remove it.
	PutPreferences(ctx context.Context, p catalog.Preferences) error
	// Preferences returns those of a person, or an error that wraps [catalog.ErrNotFound].
	Preferences(ctx context.Context, u catalog.UserID) (catalog.Preferences, error)
	// Exposure returns a list that was served, or an error that wraps
	// [catalog.ErrNotFound].
	Exposure(ctx context.Context, requestID string) (catalog.Exposure, error)
}

// The names of the routes of the table, for log and metrics.
const (
	routePopular     = "popular" // and trending
	routeSearch      = "search"
	routeBatch       = "batch"
	routeSession     = "session"
	routeHistory     = "history"
	routePreferences = "preferences"
	routeFeedback    = "feedback"
	routeDocs        = "docs"
)

// The bytes of a body at most.
const (
	batchBytes       = 256 << 10
	sessionBytes     = 128 << 10
	feedbackBytes    = 128 << 10
	preferencesBytes = 64 << 10 // two texts of catalog.MaxPreferenceBytes, every character escaped
)

// An endpoint is one public route beside the contract call, the probes and POST /events.
type endpoint struct {
	route  string // its name, for log and metrics
	method string
	path   string // as gorilla/mux has it
	scope  Scope  // of the token that it takes
	takes  bool   // a body, which others do not read
	body   int64  // its bytes at most
	params []parameter
	handle func(w http.ResponseWriter, r *http.Request, body []byte) error
}

// endpoints returns all of them.
func (s *Server) endpoints() []endpoint {
	all := []endpoint{
		s.reads(routeSimilar, "/similar/{movie}", ScopeNone, filterParams, s.similar),
		s.reads(routePopular, "/popular", ScopeNone, filterParams, s.popular),
		s.reads(routePopular, "/trending", ScopeNone, filterParams, s.trending),
		s.reads(routeSearch, "/search", ScopeNone, searchParams, s.search),
		s.reads(routeHistory, "/users/{user}/history", ScopeRead, historyParams, s.history),
		s.takes(routeBatch, http.MethodPost, "/recommend/batch", ScopeNone, batchBytes, s.batch),
		s.takes(routeSession, http.MethodPost, "/recommend/session", ScopeNone, sessionBytes, s.session),
		s.reads(routeDocs, "/openapi.json", ScopeNone, nil, s.openAPI),
		s.reads(routeDocs, "/docs", ScopeNone, nil, s.docs),
	}
	if s.cfg.Store == nil {
		return all
	}
	return append(all,
		s.takes(routeFeedback, http.MethodPost, "/feedback", ScopeWrite, feedbackBytes, s.feedback),
		s.reads(routePreferences, "/users/{user}/preferences", ScopeRead, formatParams, s.preferences),
		s.takes(routePreferences, http.MethodPut, "/users/{user}/preferences", ScopeWrite, preferencesBytes, s.putPreferences),
		s.takes(routePreferences, http.MethodDelete, "/users/{user}/preferences", ScopeWrite, 0, s.deletePreferences),
	)
}

// reads returns an endpoint of GET that knows params.
func (s *Server) reads(route, path string, scope Scope, params []parameter, f func(w http.ResponseWriter, r *http.Request, q query) error) endpoint {
	return endpoint{route, http.MethodGet, path, scope, false, 0, params, func(w http.ResponseWriter, r *http.Request, _ []byte) error {
		q, err := readQuery(r, params)
		if err != nil {
			return err
		}
		return f(w, r, q)
	}}
}

// takes returns an endpoint that is told what to do by a body.
func (s *Server) takes(route, method, path string, scope Scope, bytes int64, f func(w http.ResponseWriter, r *http.Request, q query, body []byte) error) endpoint {
	return endpoint{route, method, path, scope, true, bytes, formatParams, func(w http.ResponseWriter, r *http.Request, body []byte) error {
		q, err := readQuery(r, formatParams)
		if err != nil {
			return err
		}
		return f(w, r, q, body)
	}}
}
