package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A knowingService has everybody in memory.
type knowingService struct{ *slowService }

func (s knowingService) Recall(u catalog.UserID, p *recommender.Person) (fresh, known bool) {
	s.Service.Read(context.Background(), u, p)
	return true, true
}

// A list of somebody in memory that is not there in time is answered from memory, in full,
// and told once, though it is still being made. Nobody waits behind it.
func TestOverdue(t *testing.T) {
	const wait = 50 * time.Millisecond
	hang, made := make(chan struct{}), make(chan struct{}, 10)
	var mu sync.Mutex
	var told []catalog.Exposure
	f, slow := slow(t, func(context.Context) { made <- struct{}{}; <-hang }, func(*httpapi.Config) {})
	cfg := httpapi.DefaultConfig()
	cfg.Limits.Answer, cfg.Limits.Concurrent = wait, 2
	cfg.TraceInputs = true
	cfg.Exposed = func(e catalog.Exposure) { mu.Lock(); defer mu.Unlock(); told = append(told, e) }
	f.server = httpapi.New(knowingService{slow}, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	server := httptest.NewServer(f.server.Handler())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ask := func(method string) (line, shed string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/recommend/seven", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d, %v", res.StatusCode, err)
		}
		return string(body), res.Header.Get(httpapi.HeaderShed)
	}
	began := time.Now()
	line, shed := ask(http.MethodGet)
	if took := time.Since(began); shed != "deadline" || took < wait {
		t.Errorf("after %v %q, shed %q; want a list from memory after %v", took, line, shed, wait)
	}
	if strings.Count(line, ",") != 19 || !strings.HasSuffix(line, "\n") || strings.Contains(line, "movie+05+2000") {
		t.Errorf("%q, want twenty movies that were not watched", line)
	}
	<-made
	if _, shed := ask(http.MethodHead); shed != "deadline" {
		t.Errorf("HEAD: shed %q", shed)
	}
	<-made
	close(hang)
	for shed != "" { // once those two have left their places
		_, shed = ask(http.MethodGet)
	}
	server.Close() // once all are done
	counted(t, f, `marquee_fallbacks_total{why="deadline"} 2`, `marquee_calls_in_room{room="contract"} 0`)
	if len(told) < 2 || told[0].Tier != "popular" || told[0].Input != nil || told[len(told)-1].Tier != "personal" || told[len(told)-1].Input == nil {
		t.Errorf("told %+v", told)
	}
	for i, e := range told {
		for _, other := range told[:i] {
			if e.RequestID == other.RequestID {
				t.Errorf("told twice of %s", e.RequestID)
			}
		}
	}
}

// A list that breaks on the goroutine of its caller is answered from memory too.
func TestKnownPersonsListBreaks(t *testing.T) {
	f, slow := slow(t, func(context.Context) { panic("rotten") }, func(*httpapi.Config) {})
	f.handler = httpapi.New(knowingService{slow}, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), httpapi.DefaultConfig()).Handler()
	for range 3 {
		w := f.get("/recommend/seven")
		checkLine(t, w, "movie+05+2000")
		if shed := w.Header().Get(httpapi.HeaderShed); shed != "failure" {
			t.Errorf("shed %q, want failure", shed)
		}
	}
	counted(t, f, `marquee_fallbacks_total{why="failure"} 3`, `marquee_panics_total 3`)
}

// What breaks once a late list was answered from memory breaks neither the answer nor the
// server.
func TestOverdueBreaks(t *testing.T) {
	f, slow := slow(t, func(ctx context.Context) { <-ctx.Done(); time.Sleep(10 * time.Millisecond) }, func(*httpapi.Config) {})
	cfg := httpapi.DefaultConfig()
	cfg.Limits.Answer, cfg.Limits.Wait = 20*time.Millisecond, time.Millisecond
	cfg.Exposed = func(catalog.Exposure) { panic("rotten") }
	f.handler = httpapi.New(knowingService{slow}, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	for range 2 {
		w := f.get("/recommend/seven")
		checkLine(t, w, "movie+05+2000")
		if shed := w.Header().Get(httpapi.HeaderShed); shed != "deadline" {
			t.Errorf("shed %q, want deadline", shed)
		}
	}
	counted(t, f, `marquee_fallbacks_total{why="deadline"} 2`, `marquee_panics_total 2`)
}
