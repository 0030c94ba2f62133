package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// However many requests fail in a second, the log has a bounded number of them.
func TestFailuresDoNotFloodTheLog(t *testing.T) {
	f := serve(t, 0) // no bundle: every call is a 503
	var log bytes.Buffer
	cfg := httpapi.DefaultConfig()
	cfg.Log = httpapi.AccessLog{PerSecond: 10}
	h := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.NewTextHandler(&log, nil)), cfg).Handler()
	for range 2000 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/similar/x", nil))
	}
	// At most 110 a second; these take a few seconds at the very worst.
	if n := bytes.Count(log.Bytes(), []byte("msg=request")); n < 100 || n > 1500 {
		t.Errorf("%d lines of 2000 failed requests", n)
	}
}

// Who only asks for the headers is shown nothing.
func TestHeadIsNoExposure(t *testing.T) {
	f := serve(t, 30)
	told := 0
	cfg := httpapi.DefaultConfig()
	cfg.Exposed = func(catalog.Exposure) { told++ }
	h := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	for i, path := range []string{"/recommend/seven", "/recommend/seven?format=json"} {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil))
		}
		if told != i+1 {
			t.Errorf("%s: %d lists told, want that of the GET", path, told-i)
		}
	}
}
