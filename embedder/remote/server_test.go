package remote_test

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/embedder/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-very-secret-0123456789"

// A server is an embeddings server whose answer a test may change.
type server struct {
	*httptest.Server
	dims int

	mu      sync.Mutex
	asked   []question
	headers []http.Header

	// before answers a request, counted from 1, in place of the server; it
	// returns false to leave it to the server.
	before func(n int, w http.ResponseWriter, q question) bool
	// spoil changes a good answer before it is sent.
	spoil func(rows []map[string]any) []map[string]any
}

type question struct {
	Model  string   `json:"model"`
	Input  []string `json:"input"`
	Format string   `json:"encoding_format"`
}

func newServer(t testing.TB) *server {
	s := &server{dims: 4}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/embeddings" || r.Method != http.MethodPost {
		http.Error(w, "bad request to "+r.URL.Path, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.asked, s.headers = append(s.asked, q), append(s.headers, r.Header.Clone())
	n := len(s.asked)
	s.mu.Unlock()
	if s.before != nil && s.before(n, w, q) {
		return
	}
	rows := make([]map[string]any, len(q.Input))
	for i, text := range q.Input {
		rows[i] = map[string]any{"object": "embedding", "index": i, "embedding": vectorOf(text, s.dims)}
	}
	if s.spoil != nil {
		rows = s.spoil(rows)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": q.Model, "data": rows})
}

func (s *server) questions() []question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]question(nil), s.asked...)
}

// vectorOf returns a vector of a text by its hash, not of unit length.
func vectorOf(text string, dims int) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	sum := h.Sum64()
	row := make([]float32, dims)
	for j := range row {
		row[j] = float32(sum>>(12*j)&0xfff) - 2000.5
	}
	return row
}

func unitOf(text string, dims int) []float32 {
	row, sum := vectorOf(text, dims), 0.0
	for _, x := range row {
		sum += float64(x) * float64(x)
	}
	for j := range row {
		row[j] = float32(float64(row[j]) / math.Sqrt(sum))
	}
	return row
}

func close32(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-6 {
			return false
		}
	}
	return true
}

// config returns a configuration for s with short waits.
func (s *server) config() remote.Config {
	cfg := remote.DefaultConfig()
	cfg.BaseURL, cfg.Model, cfg.Dims, cfg.APIKey = s.URL, "test-model", s.dims, key
	cfg.MinDelay, cfg.MaxDelay, cfg.Timeout = time.Millisecond, 4*time.Millisecond, 10*time.Second
	return cfg
}

func (s *server) client(t testing.TB, change func(*remote.Config)) *remote.Client {
	t.Helper()
	cfg := s.config()
	if change != nil {
		change(&cfg)
	}
	c, err := remote.New(cfg, s.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuse answers with a status and a body that repeats the key, as some servers
// do.
func refuse(w http.ResponseWriter, status int) bool {
	http.Error(w, "no, not with "+key+strings.Repeat(" and so on", 100), status)
	return true
}
