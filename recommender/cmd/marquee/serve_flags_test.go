package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The second listener is closed by default, wants a token where other machines reach it,
// and asks for it.
func TestServeAdmin(t *testing.T) {
	s := builtShell(t)
	address, admin := free(t), free(t)
	const token, next = "0123456789abcdef-admin", "fedcba9876543210-admin"
	tokens := s.file("api-tokens", "admin "+token+"\nread 0123456789abcdef-read\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--admin-listen", "0.0.0.0:0"}, "admin TOKEN"},
		{[]string{"--admin-listen", ":0", "--api-token-file", s.file("readers", "read 0123456789abcdef\n")}, "admin TOKEN"},
		{[]string{"--pprof"}, "--admin-listen"},
		{[]string{"--api-token-file", s.file("wrong", "root 0123456789abcdef\n")}, "line 1"},
		{[]string{"--rate=-1"}, "calls a second"},
		{[]string{"--answer-within", "10ms"}, "time to wait for room"},
		{[]string{"--access-log-sample", "2"}, "share of requests"},
		{[]string{"--trusted-proxy", "10.0.0.0"}, "trusted-proxy"},
	} {
		if _, stderr, code := s.run(append([]string{"serve", "--listen", address}, c.args...)...); code != exitUsage || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "0123456789abcdef") {
			t.Errorf("%v: exit %d, %s; want %d and %q", c.args, code, stderr, exitUsage, c.want)
		}
	}
	end := s.background("serve", "--listen", address, "--admin-listen", admin, "--api-token-file", tokens, "--pprof", "--token", testToken, "--trusted-proxy", "10.0.0.0/8,::1/128")
	get(t, address)
	status := func(path, token string) int {
		r := httptest.NewRequest(http.MethodGet, "http://"+admin+path, nil)
		r.RequestURI = ""
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, path := range []string{"/metrics", "/admin/bundle", "/debug/pprof/heap"} {
		if without, with := status(path, "x"), status(path, token); without != 401 || with != 200 {
			t.Errorf("%s: %d without a token and %d with it", path, without, with)
		}
	}
	if text := shownBy(t, "http://"+admin+"/metrics", token); !strings.Contains(text, "\nmarquee_build_info{") || !strings.Contains(text, "\nmarquee_http_requests_total{") {
		t.Errorf("the bearer of a token is shown no metrics of the server:\n%s", text)
	}
	s.file("api-tokens", "admin "+next+"\n")
	hangup(t)
	eventually(t, func() bool { return status("/metrics", next) == 200 })
	if got := status("/metrics", token); got != 401 {
		t.Errorf("the token before: %d, want 401", got)
	}
	end()
}

// A server without its store ends at once: nothing waits for what cannot be kept.
func TestServeEndsWithoutAStore(t *testing.T) {
	s := soleShell(t)
	s.publishRated()
	address := free(t)
	end := s.background("--store", s.home+"/nowhere/none.db", "serve", "--listen", address, "--admin-listen", "")
	get(t, address)
	began := time.Now()
	end()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to end, want less than the time for which writers try", took)
	}
}

// shownBy returns what a page shows to the bearer of a token.
func shownBy(t *testing.T, url, token string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
