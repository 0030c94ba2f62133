package httpapi_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/httpapi"
)

const (
	readToken  = "0123456789abcdef-read"
	adminToken = "0123456789abcdef-admin"
)

func TestTokens(t *testing.T) {
	tokens, err := httpapi.ReadTokens(strings.NewReader("# ours\n\nread " + readToken + "\n  admin\t" + adminToken + "  \nread second-0123456789\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token string
		scope httpapi.Scope
		want  bool
	}{
		{readToken, httpapi.ScopeRead, true}, {"second-0123456789", httpapi.ScopeRead, true}, {readToken, httpapi.ScopeWrite, false}, {readToken, httpapi.ScopeAdmin, false},
		{adminToken, httpapi.ScopeAdmin, true}, {adminToken, httpapi.ScopeRead, false}, {"", httpapi.ScopeRead, false}, {readToken[:20], httpapi.ScopeRead, false},
		{readToken + "x", httpapi.ScopeRead, false}, {readToken, httpapi.ScopeNone, false},
	} {
		if got := tokens.Allows(c.token, c.scope); got != c.want {
			t.Errorf("%q for %q: %v, want %v", c.token, c.scope, got, c.want)
		}
	}
	if !tokens.Has(httpapi.ScopeAdmin) || tokens.Has(httpapi.ScopeWrite) {
		t.Error("want scopes read and admin")
	}
	if shown := fmt.Sprintf("%v %+v %#v", tokens, tokens, tokens); strings.Contains(shown, readToken) {
		t.Error("a token is shown")
	}
	if err := tokens.Read(strings.NewReader("read short")); err == nil || !tokens.Allows(readToken, httpapi.ScopeRead) {
		t.Errorf("%v; want an error and the old tokens", err)
	}
	if err := tokens.Read(strings.NewReader("write " + readToken)); err != nil || tokens.Allows(readToken, httpapi.ScopeRead) || !tokens.Allows(readToken, httpapi.ScopeWrite) {
		t.Errorf("%v; want the new tokens only", err)
	}
}

// A file that is wrong is refused with the line, and no token shows in the error.
func FuzzReadTokens(f *testing.F) {
	for _, text := range []string{"read " + readToken, "read", "root " + readToken, "read " + readToken + " x", "read ünïcode-0123456789", "read short", "# x\n\nwrite 0123456789abcdefg\n", strings.Repeat("x", 100_000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := httpapi.ReadTokens(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("%v is no catalog.ErrInvalid", err)
			}
			for _, word := range strings.Fields(text) {
				if len(word) >= 16 && strings.Contains(err.Error(), word) {
					t.Errorf("the error shows %q", word)
				}
			}
			return
		}
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) == 2 && !strings.HasPrefix(words[0], "#") && !tokens.Allows(words[1], httpapi.Scope(words[0])) {
				t.Errorf("line %q is not taken", line)
			}
		}
	})
}

// admin is what a server shows on its second listener.
func admin(t *testing.T, set func(*httpapi.Config)) (f *fixture, get func(path, token string) *httptest.ResponseRecorder) {
	t.Helper()
	tokens, err := httpapi.ReadTokens(strings.NewReader("admin " + adminToken + "\nread " + readToken))
	if err != nil {
		t.Fatal(err)
	}
	f, _ = slow(t, nil, func(c *httpapi.Config) {
		c.Tokens = tokens
		set(c)
	})
	h := f.server.Admin()
	return f, func(path, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

// Operators bear a token if there is one; probes do not.
func TestAdminToken(t *testing.T) {
	f, get := admin(t, func(c *httpapi.Config) { c.AdminToken, c.Profiles = true, true })
	for _, path := range []string{"/metrics", "/admin/bundle", "/debug/pprof/", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline"} {
		for token, want := range map[string]int{"": 401, "wrong-0123456789ab": 401, readToken: 403, adminToken: 200} {
			if w := get(path, token); w.Code != want {
				t.Errorf("%s with %q: %d, want %d", path, token, w.Code, want)
			} else if want == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no WWW-Authenticate", path)
			}
		}
	}
	for _, path := range []string{"/health/live", "/health/ready", "/health/startup"} {
		if w := get(path, ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, token := range []string{readToken, adminToken} {
		if strings.Contains(f.log.String(), token) {
			t.Error("a token is in the log")
		}
	}
	for _, path := range []string{"/metrics", "/admin/bundle", "/debug/pprof/"} {
		if w := f.get(path); w.Code != http.StatusNotFound {
			t.Errorf("the public listener has %s: %d", path, w.Code)
		}
	}
}

// Tokens of operators are not tried without end; what the first listener is called for costs
// nothing here, and probes are asked for as often as anybody likes.
func TestAdminRate(t *testing.T) {
	f, get := admin(t, func(c *httpapi.Config) {
		c.AdminToken = true
		c.Rate = httpapi.Rate{PerSecond: 1e-6, Burst: 3, Clients: 10}
	})
	for range 5 {
		f.get("/popular")
	}
	for i, want := range []int{401, 401, 401, 429, 429} {
		if w := get([]string{"/metrics", "/admin/bundle"}[i%2], "wrong-0123456789ab"); w.Code != want || (w.Header().Get("Retry-After") != "") != (want == 429) {
			t.Errorf("attempt %d: %d, want %d", i, w.Code, want)
		}
	}
	if w := get("/metrics", adminToken); w.Code != 429 {
		t.Errorf("the right token of a client that tried too many: %d, want 429", w.Code)
	}
	for range 5 {
		if w := get("/health/ready", ""); w.Code != 200 {
			t.Errorf("ready: %d", w.Code)
		}
	}
}

// What another program shows to operators is asked for as that of a server is.
func TestOperators(t *testing.T) {
	tokens, err := httpapi.ReadTokens(strings.NewReader("read " + readToken + "\nadmin " + adminToken + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	h := httpapi.Operators(tokens, slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "shown") }))
	get := func(header string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for header, want := range map[string]int{"": 401, "Bearer": 401, "Bearer ": 401, "Bearer wrong-0123456789ab": 401, "Basic " + adminToken: 401, "Bearer " + readToken: 403, "bearer " + adminToken: 200} {
		if w := get(header); w.Code != want || (w.Body.String() == "shown") != (want == 200) || (w.Header().Get("WWW-Authenticate") != "") != (want != 200) {
			t.Errorf("%q: %d %s, want %d", header, w.Code, w.Body, want)
		}
	}
	tried := 0
	for get("Bearer wrong-0123456789ab").Code == 401 && tried < 100_000 {
		tried++
	}
	if w := get("Bearer wrong-0123456789ab"); tried == 100_000 || w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("after %d wrong tokens: %d, want 429", tried, w.Code)
	}
}

// Profiles are there only if they are wanted, and experiments if somebody knows them.
func TestAdminRoutes(t *testing.T) {
	_, get := admin(t, func(*httpapi.Config) {})
	for path, want := range map[string]int{"/metrics": 200, "/admin/bundle": 200, "/debug/pprof/": 404, "/admin/experiments": 404} {
		if w := get(path, ""); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	_, get = admin(t, func(c *httpapi.Config) {
		c.Experiments = func() any { return []catalog.Experiment{{Name: "cheaper"}} }
	})
	if w := get("/admin/experiments", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"name":"cheaper"`) {
		t.Errorf("experiments: %d %s", w.Code, w.Body)
	}
}
