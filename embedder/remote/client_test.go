package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"marquee/embedder/embeddertest"
	"marquee/embedder/remote"
)

func TestConforms(t *testing.T) {
	s := newServer(t)
	embeddertest.TestEmbedder(t, s.client(t, func(c *remote.Config) { c.BatchTexts = 7 }))
}

func embed(c *remote.Client, texts ...string) ([]float32, error) {
	dst := make([]float32, len(texts)*c.ID().Dims)
	return dst, c.Embed(context.Background(), texts, dst)
}

func TestRequest(t *testing.T) {
	s := newServer(t)
	c := s.client(t, nil)
	if _, err := embed(c, "heat", "", "alien"); err != nil {
		t.Fatal(err)
	}
	asked := s.questions()
	if len(asked) != 1 || !slices.Equal(asked[0].Input, []string{"heat", "alien"}) || asked[0].Model != "test-model" || asked[0].Format != "float" {
		t.Errorf("asked %+v, want heat and alien of test-model as floats in one request", asked)
	}
	if got := s.headers[0].Get("Authorization"); got != "Bearer "+key {
		t.Errorf("Authorization is %q, want the key as a bearer token", got)
	}
	if _, err := embed(s.client(t, func(c *remote.Config) { c.APIKey = "" }), "x"); err != nil || s.headers[1]["Authorization"] != nil {
		t.Errorf("without a key: error %v, Authorization %q, want none", err, s.headers[1]["Authorization"])
	}
}

func TestID(t *testing.T) {
	s := newServer(t)
	if got, want := s.client(t, nil).ID().String(), "remote:test-model@unpinned-cut8192/4/f32"; got != want {
		t.Errorf("ID is %s, want %s", got, want)
	}
	got := s.client(t, func(c *remote.Config) { c.Revision, c.MaxTextBytes = "v1.5", 100 }).ID().String()
	if want := "remote:test-model@v1.5-cut100/4/f32"; got != want {
		t.Errorf("ID is %s, want %s", got, want)
	}
	if len(s.questions()) != 0 {
		t.Error("New asked the server although the dimensions were known")
	}
}

func TestDimsAreAskedOnce(t *testing.T) {
	s := newServer(t)
	c := s.client(t, func(c *remote.Config) { c.Dims = 0 })
	if c.ID().Dims != 4 || len(s.questions()) != 1 {
		t.Errorf("%d dimensions after %d requests, want 4 after 1", c.ID().Dims, len(s.questions()))
	}
	s.before = func(_ int, w http.ResponseWriter, _ question) bool { return refuse(w, http.StatusUnauthorized) }
	cfg := s.config()
	cfg.Dims = 0
	_, err := remote.New(cfg, s.Client())
	checkError(t, err, nil, "for its dimensions", "status 401 Unauthorized")
}

// Batches keep to their size, and to Config.Parallel requests at once.
func TestBatches(t *testing.T) {
	s := newServer(t)
	var now, most atomic.Int32
	s.before = func(int, http.ResponseWriter, question) bool {
		n := now.Add(1)
		for {
			if was := most.Load(); n <= was || most.CompareAndSwap(was, n) {
				break
			}
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return false
	}
	c := s.client(t, func(c *remote.Config) { c.BatchTexts, c.Parallel = 10, 3 })
	var texts []string
	for i := range 95 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	got, err := embed(c, texts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if row := got[i*4 : i*4+4]; !close32(row, unitOf(text, 4)) {
			t.Errorf("vector of %q is %v, want %v", text, row, unitOf(text, 4))
		}
	}
	if len(s.questions()) != 10 || most.Load() > 3 {
		t.Errorf("%d requests, %d at once; want 10, at most 3", len(s.questions()), most.Load())
	}
	for _, q := range s.questions() {
		if len(q.Input) > 10 {
			t.Errorf("request of %d texts, want at most 10", len(q.Input))
		}
	}
}

func TestOrderOfAnswer(t *testing.T) {
	s := newServer(t)
	for name, spoil := range map[string]func([]map[string]any) []map[string]any{
		"backwards": func(rows []map[string]any) []map[string]any { slices.Reverse(rows); return rows },
		"no index": func(rows []map[string]any) []map[string]any {
			for _, r := range rows {
				delete(r, "index")
			}
			return rows
		},
	} {
		s.spoil = spoil
		got, err := embed(s.client(t, nil), "a", "b", "c")
		if want := slices.Concat(unitOf("a", 4), unitOf("b", 4), unitOf("c", 4)); err != nil || !close32(got, want) {
			t.Errorf("%s: %v, error %v, want %v", name, got, err, want)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	s := newServer(t)
	c := s.client(t, func(c *remote.Config) { c.MaxTextBytes = 17 })
	if _, err := embed(c, "  "+strings.Repeat("é", 20), strings.Repeat("x", 17), "\xff"); err != nil {
		t.Fatal(err)
	}
	want := []string{strings.Repeat("é", 8), strings.Repeat("x", 17), "\uFFFD"}
	if got := s.questions()[0].Input; !slices.Equal(got, want) || !utf8.ValidString(strings.Join(got, "")) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// checkError fails the test unless err says all of says, wraps is, and keeps
// the key to itself.
func checkError(t *testing.T, err, is error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", says)
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error lacks %q: %v", text, err)
		}
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("error does not wrap %v: %v", is, err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), key) || strings.Contains(err.Error(), key[:12]) {
		t.Errorf("error shows the key: %v", err)
	}
	if len(err.Error()) > 1000 {
		t.Errorf("error has %d bytes: %.300s...", len(err.Error()), err)
	}
}

// One bad batch ends the others and gives its own error.
func TestFirstErrorWins(t *testing.T) {
	s := newServer(t)
	s.before = func(_ int, w http.ResponseWriter, q question) bool {
		if q.Input[0] == "bad" {
			return refuse(w, 400)
		}
		time.Sleep(time.Millisecond)
		return false
	}
	texts := append([]string{"good", "bad"}, strings.Split(strings.Repeat("x", 200), "")...)
	_, err := embed(s.client(t, func(c *remote.Config) { c.BatchTexts = 1 }), texts...)
	checkError(t, err, nil, "status 400", `the first "bad"`)
	if n := len(s.questions()); n > 100 {
		t.Errorf("%d of 202 requests were made after the error", n)
	}
}

func TestBaseURLs(t *testing.T) {
	s := newServer(t)
	for _, suffix := range []string{"", "/", "/v1", "/v1/", "/v1/embeddings"} {
		if _, err := embed(s.client(t, func(c *remote.Config) { c.BaseURL += suffix }), "a"); err != nil {
			t.Errorf("base URL with %q: %v", suffix, err)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	cfg := remote.DefaultConfig()
	cfg.BaseURL, cfg.Model = "http://localhost:11434", "nomic-embed-text"
	if err := cfg.Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	bad := remote.Config{Dims: -1, MaxRetryAfter: -1, APIKey: key + "\n", Revision: "a\nb"}
	err := bad.Validate()
	checkError(t, err, nil, "base URL", "model", "revision", "API key", "dims", "texts of a batch", "parallel", "bytes of a text", "bytes of an answer", "timeout", "delays")
	for _, base := range []string{"localhost:11434", "ftp://host", "http://", "://", "http://u:" + key + "@host", "http://host?key=" + key, "http://host:x" + key} {
		cfg.BaseURL = base
		_, err := remote.New(cfg, http.DefaultClient)
		checkError(t, err, nil, "embeddings server: base URL")
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	cfg := remote.DefaultConfig()
	cfg.APIKey = key
	shown := fmt.Sprintf("%v %+v %#v %s %q %x %d", cfg, cfg, cfg, cfg.APIKey, cfg.APIKey, cfg.APIKey, cfg.APIKey)
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", cfg, "key", cfg.APIKey)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", cfg, "key", cfg.APIKey)
	if all := shown + string(text) + log.String(); strings.Contains(all, key) || strings.Contains(all, fmt.Sprintf("%x", key)) || !strings.Contains(all, "[hidden]") {
		t.Errorf("the key shows in %s", all)
	}
}
