package catalogapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service is a scripted catalog API.
type service struct {
	mu     sync.Mutex
	asked  []string // paths, in order of arrival, as they were written
	answer func(path string, nth int) (status int, body string)
	before func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	times  map[string]int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	s.mu.Lock()
	s.asked = append(s.asked, path)
	if s.times == nil {
		s.times = map[string]int{}
	}
	s.times[path]++
	nth := s.times[path]
	s.mu.Unlock()
	if s.before != nil && s.before(w, r) {
		return
	}
	status, body := http.StatusOK, record(path)
	if s.answer != nil {
		status, body = s.answer(path, nth)
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func (s *service) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// record returns the record of /movie/ID or /user/ID.
func record(path string) string {
	id := path[strings.LastIndexByte(path, '/')+1:]
	if strings.HasPrefix(path, "/user/") {
		return fmt.Sprintf(`{"user_id":%s,"age":30}`, id)
	}
	return fmt.Sprintf(`{"id":%q,"title":%q}`, id, "T "+id)
}

func records(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, record("/movie/"+id))
	}
	return "[" + strings.Join(out, ",") + "]"
}

// start serves s and returns a client of it that is quick to try again.
func start(t *testing.T, s http.Handler, change func(*catalogapi.Config)) *catalogapi.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := quick(server.URL, catalogapi.Edition2025)
	if change != nil {
		change(&cfg)
	}
	c, err := catalogapi.New(cfg, &http.Client{Transport: transport}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func quick(url, edition string) catalogapi.Config {
	cfg := catalogapi.DefaultConfig(url, edition)
	cfg.RequestsPerSecond = 0
	cfg.MinDelay, cfg.MaxDelay = time.Millisecond, 2*time.Millisecond
	cfg.Retries = 4
	return cfg
}

func bulk(n int) func(*catalogapi.Config) {
	return func(c *catalogapi.Config) { c.Edition, c.Bulk = catalogapi.Edition2026, n }
}

// say returns what the client says of ids: "ok", "unknown" or "fault" each.
func say(ctx context.Context, c *catalogapi.Client, ids ...catalog.MovieID) (said []string, err error) {
	for a, e := range c.Movies(ctx, ids) {
		if e != nil {
			return said, e
		}
		switch {
		case a.Unknown:
			said = append(said, a.ID+" unknown")
		case a.Fault != nil:
			said = append(said, a.ID+" fault")
		case string(a.Record.ID) != a.ID:
			said = append(said, a.ID+" mixed up")
		default:
			said = append(said, a.ID+" ok")
		}
	}
	return said, nil
}

func manyIDs(n int) []catalog.MovieID {
	var ids []catalog.MovieID
	for i := range n {
		ids = append(ids, catalog.MovieID(fmt.Sprintf("m%04d+1999", i)))
	}
	return ids
}
