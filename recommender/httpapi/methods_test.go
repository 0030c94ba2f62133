package httpapi_test

import (
	"net/http"
	"testing"
)

// A path answers another method with those that it has, and HEAD wherever it answers GET.
func TestMethods(t *testing.T) {
	c := calls(t, 30)
	for _, x := range []struct{ method, path, allow string }{
		{"POST", "/recommend/seven", "GET, HEAD"},
		{"PUT", "/recommend/seven", "GET, HEAD"},
		{"OPTIONS", "/recommend/seven", "GET, HEAD"},
		{"DELETE", "/recommend/batch", "GET, HEAD, POST"},
		{"POST", "/similar/movie+1+2000", "GET, HEAD"},
		{"PATCH", "/users/seven/preferences", "GET, HEAD, PUT, DELETE"},
		{"GET", "/feedback", "POST"},
		{"HEAD", "/feedback", "POST"},
		{"FOO", "/health/ready", "GET, HEAD"},
	} {
		if w := c.send(x.method, x.path, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != x.allow {
			t.Errorf("%s %s: %d with Allow %q, want 405 with %q", x.method, x.path, w.Code, w.Header().Get("Allow"), x.allow)
		}
	}
	for _, path := range []string{"/recommend/seven", "/similar/movie+29+2000", "/popular", "/openapi.json", "/docs", "/health/live"} {
		if w := c.send("HEAD", path, ""); w.Code != http.StatusOK {
			t.Errorf("HEAD %s: %d, want 200", path, w.Code)
		}
	}
	if w := c.send("POST", "/nowhere", ""); w.Code != http.StatusNotFound || w.Header().Get("Allow") != "" {
		t.Errorf("POST /nowhere: %d with Allow %q, want 404 without", w.Code, w.Header().Get("Allow"))
	}
}
