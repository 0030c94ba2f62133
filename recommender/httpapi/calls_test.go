package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// scopes are tokens, each of one scope.
type scopes map[string]httpapi.Scope

func (s scopes) Allows(token string, scope httpapi.Scope) bool {
	return s[token] == scope && scope != ""
}

// A shelf is a store in memory.
type shelf struct {
	mu          sync.Mutex
	feedback    []catalog.Feedback
	preferences map[catalog.UserID]catalog.Preferences
	exposures   map[string]catalog.Exposure
	asked       []string // request ids of exposures
	err         error    // of everything
}

func newShelf() *shelf {
	return &shelf{preferences: map[catalog.UserID]catalog.Preferences{}, exposures: map[string]catalog.Exposure{}}
}

func (s *shelf) PutFeedback(_ context.Context, told []catalog.Feedback) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	added := 0
	for _, f := range told {
		if err := f.Validate(); err != nil {
			return 0, err
		}
		known := false
		for _, g := range s.feedback {
			known = known || g.RequestID == f.RequestID && g.User == f.User && g.Movie == f.Movie && g.Kind == f.Kind
		}
		if !known {
			s.feedback, added = append(s.feedback, f), added+1
		}
	}
	return added, nil
}

func (s *shelf) PutPreferences(_ context.Context, p catalog.Preferences) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if p.Empty() {
		delete(s.preferences, p.User)
		return nil
	}
	s.preferences[p.User] = p
	return p.Validate()
}

func (s *shelf) Preferences(_ context.Context, u catalog.UserID) (catalog.Preferences, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return catalog.Preferences{}, s.err
	}
	p, ok := s.preferences[u]
	if !ok {
		return p, catalog.ErrNotFound
	}
	return p, nil
}

func (s *shelf) Exposure(_ context.Context, id string) (catalog.Exposure, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, id)
	if s.err != nil {
		return catalog.Exposure{}, s.err
	}
	e, ok := s.exposures[id]
	if !ok {
		return e, catalog.ErrNotFound
	}
	return e, nil
}

// A listener is a service that remembers what it was asked for.
type listener struct {
	httpapi.Service
	mu    sync.Mutex
	calls []recommender.Call
	texts []string
	seen  [][]catalog.Seen
}

func (l *listener) heard(c recommender.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// last returns the newest call.
func (l *listener) last(t testing.TB) recommender.Call {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) == 0 {
		t.Fatal("nobody asked the service")
	}
	return l.calls[len(l.calls)-1]
}

func (l *listener) Recommend(ctx context.Context, c recommender.Call) (recommender.Answer, error) {
	l.heard(c)
	return l.Service.Recommend(ctx, c)
}

func (l *listener) Popular(c recommender.Call) (recommender.Answer, error) {
	l.heard(c)
	return l.Service.Popular(c)
}

func (l *listener) Session(ctx context.Context, seen []catalog.Seen, c recommender.Call) (recommender.Answer, error) {
	l.heard(c)
	l.seen = append(l.seen, seen)
	return l.Service.Session(ctx, seen, c)
}

func (l *listener) Search(ctx context.Context, text string, c recommender.Call) (recommender.Answer, error) {
	l.heard(c)
	l.texts = append(l.texts, text)
	return l.Service.Popular(c) // the sample has no index
}

// A caller is a fixture with a store, tokens and a service that remembers its calls.
type caller struct {
	*fixture
	shelf *shelf
	heard *listener
}

func calls(t testing.TB, movies int) *caller {
	t.Helper()
	f := serve(t, movies)
	c := &caller{fixture: f, shelf: newShelf(), heard: &listener{Service: f.service}}
	cfg := httpapi.DefaultConfig()
	cfg.Store, cfg.Tokens = c.shelf, scopes{"reader": httpapi.ScopeRead, "writer": httpapi.ScopeWrite}
	cfg.Rate = httpapi.Rate{} // any number
	status := func() recommender.Status { return recommender.Status{} }
	c.handler = httpapi.New(c.heard, status, f.metrics, slog.New(slog.NewJSONHandler(f.log, nil)), cfg).Handler()
	return c
}

// send sends a body, with headers as those of get.
func (f *fixture) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://x"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// post sends a body with a token.
func (f *fixture) post(path, token, body string) *httptest.ResponseRecorder {
	return f.send(http.MethodPost, path, body, "Authorization", "Bearer "+token)
}

// refused checks that a request was refused with this status and a text that has want.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, want string) {
	t.Helper()
	if a := decode(t, w, status); !strings.Contains(a.Error, want) || a.RequestID == "" {
		t.Errorf("error %q of request %q, want one that says %q", a.Error, a.RequestID, want)
	}
}
