package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A probe tells by its exit status how a server is.
func TestProbe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/well" {
			w.Write([]byte("fine\n"))
			return
		}
		http.Error(w, "not yet", http.StatusServiceUnavailable)
	}))
	gone := httptest.NewServer(nil)
	gone.Close()
	defer server.Close()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{server.URL + "/well"}, exitDone, "fine"},
		{[]string{server.URL + "/ill"}, exitUnavailable, "not yet"},
		{[]string{gone.URL}, exitUnavailable, "refused"},
		{[]string{"ready"}, exitUsage, "want a URL"},
		{[]string{server.URL, "--timeout", "0s"}, exitUsage, "more than 0"},
	} {
		var out, errs strings.Builder
		code := run(t.Context(), append([]string{"probe"}, c.args...), &out, &errs)
		if code != c.code || !strings.Contains(out.String()+errs.String(), c.says) {
			t.Errorf("probe %v: exit status %d, %q %q; want %d and %q", c.args, code, out.String(), errs.String(), c.code, c.says)
		}
	}
}
