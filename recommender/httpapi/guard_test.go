package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A stuck body brings nothing until it is let go.
type stuck struct{ let <-chan struct{} }

func (s stuck) Read([]byte) (int, error) {
	<-s.let
	return 0, io.EOF
}

// Callers who send their bodies slowly take no room from others.
func TestSlowBodiesTakeNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := slow(t, nil, func(c *httpapi.Config) { c.Limits.Concurrent, c.Limits.Queue = 2, 0 })
		let := make(chan struct{})
		done := make(chan struct{})
		const callers = 20
		for range callers {
			go func() {
				r := httptest.NewRequest(http.MethodPost, "http://x/recommend/session", stuck{let})
				f.handler.ServeHTTP(httptest.NewRecorder(), r)
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		if w := f.get("/popular"); w.Code != http.StatusOK {
			t.Errorf("%d while others send their bodies, want 200: %s", w.Code, w.Body)
		}
		close(let)
		for range callers {
			<-done
		}
	})
}

// lateBody is a body whose time to be read ended.
type lateBody struct{}

func (lateBody) Read([]byte) (int, error) {
	return 0, fmt.Errorf("read tcp 10.1.2.3:8082->10.9.8.7:5000: %w", os.ErrDeadlineExceeded)
}

// A body that is not there in time is the caller's fault, and the answer names no
// addresses.
func TestLateBody(t *testing.T) {
	c := calls(t, 30)
	r := httptest.NewRequest(http.MethodPost, "http://x/recommend/session", lateBody{})
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	refused(t, w, http.StatusBadRequest, "in time")
	if strings.Contains(w.Body.String(), "10.1.2.3") {
		t.Errorf("the answer names addresses: %s", w.Body)
	}
}

// hung is a store that waits until the caller goes.
type hung struct{ *shelf }

func (hung) Preferences(ctx context.Context, _ catalog.UserID) (catalog.Preferences, error) {
	<-ctx.Done()
	return catalog.Preferences{}, fmt.Errorf("read preferences: %w", ctx.Err())
}

// A caller who goes before the answer is no fault of the server: neither an error in the
// log nor a 5xx among the metrics.
func TestCallerGoes(t *testing.T) {
	f := serve(t, 30)
	cfg := httpapi.DefaultConfig()
	cfg.Store, cfg.Tokens = hung{newShelf()}, scopes{"reader": httpapi.ScopeRead}
	h := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.NewJSONHandler(f.log, nil)), cfg).Handler()
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(errors.New("gone")) })
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://x/users/seven/preferences", nil)
	r.Header.Set("Authorization", "Bearer reader")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 499 {
		t.Errorf("status %d, want 499", w.Code)
	}
	if strings.Contains(f.log.String(), "ERROR") {
		t.Errorf("the log blames the server: %s", f.log)
	}
}

// Feedback on a list of a batch is taken however long the id of the batch is.
func TestFeedbackOnABatch(t *testing.T) {
	c := calls(t, 30)
	id := strings.Repeat("a", 64)
	for request, want := range map[string]int{id + "-0": 202, id + "-99": 202, id + "-100": 400, id + "-07": 400, id + "-x": 400, id + "a-1": 400, id + "--1": 400} {
		w := c.post("/feedback", "writer", `{"request_id":"`+request+`","user":"seven","movie":"m","kind":"click"}`)
		if w.Code != want {
			t.Errorf("feedback on %s: %d, want %d: %s", request, w.Code, want, w.Body)
		}
	}
}

// A profile that would outlast the time for it is refused rather than taken.
func TestLongProfiles(t *testing.T) {
	f, _ := slow(t, nil, func(c *httpapi.Config) { c.Profiles = true })
	h := f.server.Admin()
	for _, path := range []string{"profile?seconds=3600", "trace?seconds=1e9", "heap?seconds=-1", "allocs?seconds=x"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://x/debug/pprof/"+path, nil))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", path, w.Code)
		}
	}
}

// What is away is told without the names of machines and files, which the log has; so is
// what was late.
func TestErrorsNameNoMachines(t *testing.T) {
	c := calls(t, 30)
	for want, sentinel := range map[int]error{503: catalog.ErrUnavailable, 504: context.DeadlineExceeded} {
		err := fmt.Errorf("model at http://10.0.0.5/v1: dial tcp 10.0.0.5:80, no vocab.txt in /home/op: %w", sentinel)
		c.shelf.err = err
		cfg := httpapi.DefaultConfig()
		cfg.Store, cfg.Rate, cfg.Log, cfg.Tokens = c.shelf, httpapi.Rate{}, httpapi.AccessLog{}, scopes{"reader": httpapi.ScopeRead, "writer": httpapi.ScopeWrite}
		status := func() recommender.Status { return recommender.Status{} }
		c.handler = httpapi.New(broken{c.service, err}, status, httpapi.NewMetrics(), slog.New(slog.NewJSONHandler(c.log, nil)), cfg).Handler()
		c.log.Reset()
		answers := []string{
			c.get("/recommend/seven?format=json").Body.String(), c.get("/search?q=x").Body.String(),
			c.get("/users/seven/preferences", "Authorization", "Bearer reader").Body.String(),
			c.post("/feedback", "writer", `{"request_id":"r1","movie":"a","kind":"click"}`).Body.String(),
		}
		for _, a := range decodeBatch(t, c.send("POST", "/recommend/batch", `{"users":["seven"]}`)).Answers {
			if a.Status != want {
				t.Errorf("in a batch: status %d, want %d", a.Status, want)
			}
			answers = append(answers, a.Error)
		}
		for _, text := range answers {
			if strings.Contains(text, "10.0.0.5") || strings.Contains(text, "/home") || !strings.Contains(text, "try again") {
				t.Errorf("%d: %q, want what to do and no names", want, text)
			}
		}
		if n := strings.Count(c.log.String(), "10.0.0.5"); n < len(answers) {
			t.Errorf("%d: %d lines of the log name what was asked, want one each:\n%s", want, n, c.log)
		}
	}
}
