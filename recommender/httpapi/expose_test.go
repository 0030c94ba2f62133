package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// Every list that answers a contract call is told, with the request's own id,
// and nothing else is.
func TestExposures(t *testing.T) {
	f := serve(t, 30)
	var told []catalog.Exposure
	cfg := httpapi.DefaultConfig()
	cfg.Exposed = func(e catalog.Exposure) { told = append(told, e) }
	f.handler = httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()

	before := time.Now()
	w := f.get("/recommend/seven", "X-Request-Id", "r1")
	if len(told) != 1 {
		t.Fatalf("%d lists told, want 1", len(told))
	}
	e := told[0]
	var ids []string
	for _, m := range e.Movies {
		ids = append(ids, string(m.Movie))
		if m.Propensity != 1 || m.Source == "" {
			t.Errorf("movie %+v, want a source and propensity 1", m)
		}
	}
	if strings.Join(ids, ",")+"\n" != w.Body.String() {
		t.Errorf("told %v, answered %s", ids, w.Body)
	}
	if e.RequestID != "r1" || e.User != "seven" || e.Bundle != "0123456789abcdef" || e.Tier != "personal" || e.At.Before(before) {
		t.Errorf("told %+v", e)
	}
	f.get("/recommend/a,b")
	if len(told) != 2 || told[1].User != "" || len(told[1].Movies) != 20 {
		t.Errorf("a request that names nobody: %+v", told[len(told)-1])
	}
	for _, path := range []string{"/similar/movie+05+2000", "/recommend/seven?format=json", "/health/ready", "/nothing"} {
		f.get(path)
	}
	f.get("/recommend/seven", "Accept", "application/json")
	if len(told) != 2 {
		t.Errorf("%d lists told, want those of the contract call only", len(told))
	}
}

// POST /events goes to whoever takes events, and is not there without.
func TestEventsRoute(t *testing.T) {
	f := serve(t, 3)
	post := func(h http.Handler) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/events", strings.NewReader("lines")))
		return w
	}
	if w := post(f.handler); w.Code != http.StatusNotFound {
		t.Errorf("without: %d, want 404", w.Code)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Events = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	h := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	if w := post(h); w.Code != http.StatusOK || w.Body.String() != "lines" {
		t.Errorf("with: %d %q", w.Code, w.Body)
	}
}
