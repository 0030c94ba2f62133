package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder/remote"
)

func TestPassingStatuses(t *testing.T) {
	for _, status := range []int{408, 425, 429, 500, 502, 503, 504} {
		s := newServer(t)
		s.before = func(n int, w http.ResponseWriter, _ question) bool { return n < 3 && refuse(w, status) }
		got, err := embed(s.client(t, nil), "a")
		if err != nil || !close32(got, unitOf("a", 4)) {
			t.Errorf("status %d twice, then good: %v, error %v", status, got, err)
		}
		s.before = func(_ int, w http.ResponseWriter, _ question) bool { return refuse(w, status) }
		was := len(s.questions())
		_, err = embed(s.client(t, func(c *remote.Config) { c.Retries = 2 }), "a")
		checkError(t, err, catalog.ErrUnavailable, fmt.Sprintf("status %d", status), "no, not with [hidden]")
		if n := len(s.questions()) - was; n != 3 {
			t.Errorf("status %d: asked %d times with 2 retries, want 3", status, n)
		}
	}
}

func TestLastingStatuses(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 413, 422, 501, 204, 302} {
		s := newServer(t)
		s.before = func(_ int, w http.ResponseWriter, _ question) bool { return refuse(w, status) }
		_, err := embed(s.client(t, nil), "a")
		checkError(t, err, nil, fmt.Sprintf("status %d", status))
		var as *remote.StatusError
		if !errors.As(err, &as) || as.Status != status || errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("status %d: error is %v, want a StatusError that does not pass", status, err)
		}
		if n := len(s.questions()); n != 1 {
			t.Errorf("status %d: asked %d times, want once", status, n)
		}
	}
}

// A server that takes three texts at once gets them in halves.
func TestBatchTooLargeForServer(t *testing.T) {
	s := newServer(t)
	s.before = func(_ int, w http.ResponseWriter, q question) bool { return len(q.Input) > 3 && refuse(w, 413) }
	texts := strings.Split("abcdefghijk", "")
	got, err := embed(s.client(t, nil), texts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if !close32(got[i*4:i*4+4], unitOf(text, 4)) {
			t.Errorf("vector of %q is wrong", text)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		after string
		limit time.Duration
		asked int
	}{
		"seconds beyond the limit":  {"3600", time.Minute, 1},
		"date beyond the limit":     {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), time.Minute, 1},
		"huge":                      {"99999999999", time.Minute, 1},
		"past date: the back-off":   {"Mon, 01 Jan 2001 00:00:00 GMT", time.Minute, 2},
		"nonsense: the back-off":    {"soon", time.Minute, 2},
		"negative: the back-off":    {"-5", time.Minute, 2},
		"zero: the back-off":        {"0", 0, 2},
		"none: the back-off":        {"", 0, 2},
		"a second, honoured":        {"1", time.Minute, 2},
		"a second, but none waited": {"1", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			var first time.Time
			var waited time.Duration
			s.before = func(n int, w http.ResponseWriter, _ question) bool {
				if n == 1 {
					first = time.Now()
					w.Header().Set("Retry-After", c.after)
					return refuse(w, 429)
				}
				waited = time.Since(first)
				return false
			}
			_, err := embed(s.client(t, func(cfg *remote.Config) { cfg.MaxRetryAfter = c.limit }), "a")
			if n := len(s.questions()); n != c.asked || (err == nil) != (c.asked == 2) {
				t.Errorf("asked %d times, error %v; want %d times", n, err, c.asked)
			}
			if c.asked == 1 {
				checkError(t, err, catalog.ErrUnavailable, "status 429")
			}
			if c.after == "1" && c.asked == 2 && waited < time.Second {
				t.Errorf("asked again after %v, want not before 1s", waited)
			}
		})
	}
}

func TestSlowServer(t *testing.T) {
	s := newServer(t)
	slow := atomic.Int32{}
	slow.Store(1)
	s.before = func(int, http.ResponseWriter, question) bool {
		if slow.Add(-1) >= 0 {
			time.Sleep(400 * time.Millisecond)
		}
		return false
	}
	patient := s.client(t, func(c *remote.Config) { c.Timeout, c.Retries = 200*time.Millisecond, 5 })
	if _, err := embed(patient, "a"); err != nil || len(s.questions()) < 2 {
		t.Errorf("slow once: asked %d times, error %v", len(s.questions()), err)
	}
	slow.Store(100)
	hasty := s.client(t, func(c *remote.Config) { c.Timeout, c.Retries = 10*time.Millisecond, 1 })
	_, err := embed(hasty, "a")
	checkError(t, err, catalog.ErrUnavailable, "no whole answer within 10ms")
}

func TestNoServer(t *testing.T) {
	s := newServer(t)
	c := s.client(t, func(c *remote.Config) { c.Retries = 1 })
	s.Close()
	_, err := embed(c, "a")
	checkError(t, err, catalog.ErrUnavailable, "connection refused")
}

// An answer that breaks off is asked for again.
func TestBrokenConnection(t *testing.T) {
	s := newServer(t)
	s.before = func(n int, w http.ResponseWriter, _ question) bool {
		if n == 1 {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"data":[`)
		}
		return n == 1
	}
	if _, err := embed(s.client(t, nil), "a"); err != nil || len(s.questions()) != 2 {
		t.Errorf("asked %d times, error %v; want a second try that succeeds", len(s.questions()), err)
	}
}

// A context that ends, ends the wait for the server and the wait for a retry.
func TestCancelled(t *testing.T) {
	for name, before := range map[string]func(context.CancelFunc, http.ResponseWriter) bool{
		"while the server works": func(cancel context.CancelFunc, _ http.ResponseWriter) bool {
			cancel()
			time.Sleep(5 * time.Millisecond)
			return false
		},
		"before a retry": func(cancel context.CancelFunc, w http.ResponseWriter) bool {
			time.AfterFunc(5*time.Millisecond, cancel)
			w.Header().Set("Retry-After", "60")
			return refuse(w, 503)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.before = func(_ int, w http.ResponseWriter, _ question) bool { return before(cancel, w) }
			c := s.client(t, func(c *remote.Config) { c.BatchTexts, c.Parallel = 1, 2 })
			err := c.Embed(ctx, []string{"a", "b", "c", "d"}, make([]float32, 16))
			checkError(t, err, context.Canceled)
		})
	}
}

// cancelling ends a context once a whole answer was read.
type cancelling struct {
	http.RoundTripper
	cancel context.CancelFunc
}

func (c cancelling) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = closing{resp.Body, c.cancel}
	}
	return resp, err
}

type closing struct {
	io.ReadCloser
	then func()
}

func (c closing) Close() error {
	defer c.then()
	return c.ReadCloser.Close()
}

// A context that ends between two batches, neither of which fails, is an error
// all the same: the second was never asked for.
func TestCancelledBetweenBatches(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cfg := s.config()
	cfg.BatchTexts, cfg.Parallel = 1, 1
	c, err := remote.New(cfg, &http.Client{Transport: cancelling{s.Client().Transport, cancel}})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Embed(ctx, []string{"a", "b", "c"}, make([]float32, 12))
	checkError(t, err, context.Canceled)
}
