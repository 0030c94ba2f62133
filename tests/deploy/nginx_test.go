package deploy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// nginx starts nginx with deploy/nginx/marquee.conf before two servers.
func nginx(t *testing.T, one, two string) string {
	t.Helper()
	dir, address := t.TempDir(), free(t)
	text, err := os.ReadFile(filepath.Join(root, "deploy/nginx/marquee.conf"))
	if err != nil {
		t.Fatal(err)
	}
	conf := strings.NewReplacer("127.0.0.1:8082", one, "127.0.0.1:8083", two, "listen 80;", "listen "+address+";", "/var/log/nginx/marquee.log", filepath.Join(dir, "access.log")).Replace(string(text))
	if strings.Count(conf, one) != 1 || strings.Count(conf, two) != 1 || strings.Count(conf, address) != 1 {
		t.Fatal("the configuration does not name two servers and a port")
	}
	write(t, filepath.Join(dir, "nginx.conf"), `daemon off; worker_processes 1; pid nginx.pid; error_log stderr notice; user root;
events { worker_connections 256; }
http { client_body_temp_path `+dir+`; proxy_temp_path `+dir+`; fastcgi_temp_path `+dir+`; uwsgi_temp_path `+dir+`; scgi_temp_path `+dir+`;
include marquee.conf; }
`)
	write(t, filepath.Join(dir, "marquee.conf"), conf)
	start(t, exec.Command(need(t, "nginx"), "-p", dir, "-c", "nginx.conf"))
	eventually(t, "nginx answers", func() bool {
		status, _, _ := get(t.Context(), "http://"+address+"/health/ready")
		return status == http.StatusOK
	})
	return "http://" + address
}

// Behind nginx every contract call gets its list while one of two servers is killed and
// comes back, and nothing leads to what is for operators.
func TestNginx(t *testing.T) {
	slow(t)
	need(t, "nginx")
	home := newHome(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.CopyFS(other, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	first, one := serve(t, home)
	_, two := serve(t, other)
	url := nginx(t, one, two)

	answered := func(n int) {
		t.Helper()
		for i := range n {
			status, header, body := get(t.Context(), url+"/recommend/7")
			if status != http.StatusOK || strings.Count(body, ",") != 19 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || header.Get("X-Request-Id") == "" {
				t.Fatalf("call %d: %d %q, %v", i, status, body, header)
			}
		}
	}
	answered(40)
	first.cmd.Process.Kill()
	answered(40)
	if status, _, _ := get(t.Context(), url+"/health/ready"); status != http.StatusOK {
		t.Errorf("with one of two servers: ready is %d", status)
	}
	for _, path := range []string{"/metrics", "/admin/bundle", "/debug/pprof/"} {
		if status, _, _ := get(t.Context(), url+path); status != http.StatusNotFound {
			t.Errorf("%s through nginx: %d, want 404", path, status)
		}
	}
	// Odd paths reach the server as they were sent.
	for _, path := range []string{"/recommend//", "/recommend/a%2Fb", "/recommend/" + strings.Repeat("x", 5000)} {
		if status, _, body := get(t.Context(), url+path); status != http.StatusOK || strings.Count(body, ",") != 19 {
			t.Errorf("%.30s: %d %.60q", path, status, body)
		}
	}
	if status, _, body := get(t.Context(), url+"/recommend/7?format=json"); status != http.StatusOK || !strings.Contains(body, `"items"`) {
		t.Errorf("JSON: %d %.100s", status, body)
	}
}

// What takes seconds is waited for, a contract call that hangs is not, and servers are
// told who called, whatever the caller says of that.
func TestNginxWaitsAndTells(t *testing.T) {
	slow(t)
	need(t, "nginx")
	addresses := make([]string, 2)
	var hung atomic.Int32
	for i, name := range []string{"hangs", "answers"} {
		stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pause := 700 * time.Millisecond
			switch r.URL.Path {
			case "/health/ready":
				pause = 0
			case "/recommend/7":
				if pause = 0; name == "hangs" {
					pause = 5 * time.Second
					hung.Add(1)
				}
			}
			select {
			case <-time.After(pause):
				_, _ = io.WriteString(w, name+" "+r.Header.Get("X-Forwarded-For"))
			case <-r.Context().Done():
			}
		}))
		t.Cleanup(stub.Close)
		addresses[i] = strings.TrimPrefix(stub.URL, "http://")
	}
	url := nginx(t, addresses[0], addresses[1])
	for _, path := range []string{"/recommend/batch", "/recommend/session"} {
		if status, body := post(t.Context(), url+path); status != http.StatusOK {
			t.Errorf("POST %s that takes 0.7 s: %d %q, want 200", path, status, body)
		}
	}
	for range 4 {
		began := time.Now()
		status, _, body := get(t.Context(), url+"/recommend/7", "X-Forwarded-For", "10.1.2.3")
		if took := time.Since(began); status != http.StatusOK || took > 1500*time.Millisecond {
			t.Errorf("one of two servers hangs: %d after %v, want 200 long before it answers", status, took)
		}
		name, caller, _ := strings.Cut(body, " ")
		if name != "answers" {
			t.Errorf("one of two servers hangs: the list is from %q, want the other", name)
		}
		if caller != "127.0.0.1" {
			t.Errorf("the server is told %q of who calls, want the address alone that called", caller)
		}
	}
	if hung.Load() == 0 {
		t.Error("the server that hangs was never asked")
	}
}

// A first server that connects as late as it may and then hangs leaves time for a second,
// and both together take less than the caller waits.
func TestNginxTimes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy/nginx/marquee.conf"))
	if err != nil {
		t.Fatal(err)
	}
	_, location, _ := strings.Cut(string(text), "location /recommend {")
	location, _, _ = strings.Cut(location, "}")
	within := func(name string) time.Duration {
		t.Helper()
		m := regexp.MustCompile(`\b` + name + ` (\w+);`).FindStringSubmatch(location + string(text)) // what it does not say holds from outside
		if m == nil {
			t.Fatalf("no %s", name)
		}
		d, err := time.ParseDuration(m[1])
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const answer, caller, late = 250 * time.Millisecond, 600 * time.Millisecond, 100 * time.Millisecond
	connect := within("proxy_connect_timeout")
	first, next := connect+within("proxy_read_timeout"), within("proxy_next_upstream_timeout")
	if first+late > next {
		t.Errorf("the first server may take %v and no second is asked after %v, want %v between, for a busy machine", first, next, late)
	}
	if total := first + connect + answer; total >= caller {
		t.Errorf("two servers may take %v, want less than %v", total, caller)
	}
}

// Behind the names of servers both configurations are the same.
func TestNginxAlike(t *testing.T) {
	var rest [2]string
	for i, path := range []string{"deploy/nginx/marquee.conf", "deploy/compose/nginx.conf"} {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		_, rest[i], _ = strings.Cut(string(text), "\nlog_format ")
	}
	if rest[0] == "" || rest[0] != rest[1] {
		t.Error("from log_format on the two differ")
	}
}

// post returns status and body of the answer to an empty post; 0 if there was none.
func post(ctx context.Context, url string) (int, string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}
