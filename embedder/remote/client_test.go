package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"marquee/catalog"
	"marquee/embedder"
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

func TestUnusableAnswers(t *testing.T) {
	type rows = []map[string]any
	for name, c := range map[string]struct {
		spoil func(rows) rows
		says  string
	}{
		"too few":        {func(r rows) rows { return r[1:] }, "1 vectors for 2 texts"},
		"too many":       {func(r rows) rows { return append(r, r[0]) }, "3 vectors for 2 texts"},
		"none":           {func(rows) rows { return nil }, "0 vectors for 2 texts"},
		"index twice":    {func(r rows) rows { r[1]["index"] = 0; return r }, "index 0 of vector 1"},
		"index too high": {func(r rows) rows { r[1]["index"] = 2; return r }, "index 2 of vector 1"},
		"index negative": {func(r rows) rows { r[0]["index"] = -1; return r }, "index -1 of vector 0"},
		"wrong length":   {func(r rows) rows { r[1]["embedding"] = []float32{1, 2, 3}; return r }, "vector 1 has 3 values, want 4"},
		"empty vector":   {func(r rows) rows { r[0]["embedding"] = []float32{}; return r }, "vector 0 has 0 values, want 4"},
		"no vector":      {func(r rows) rows { delete(r[0], "embedding"); return r }, "vector 0 has 0 values, want 4"},
		"null vector":    {func(r rows) rows { r[0]["embedding"] = nil; return r }, `embedding is "null"`},
		"NaN as null":    {func(r rows) rows { r[0]["embedding"] = []any{1, nil, 3, 4}; return r }, `value 1 of an embedding is "null"`},
		"text as value":  {func(r rows) rows { r[0]["embedding"] = []any{1, "2", 3, 4}; return r }, "value 1 of an embedding"},
		"nested":         {func(r rows) rows { r[0]["embedding"] = []any{[]int{1, 2}, 3}; return r }, "value 0 of an embedding"},
		"too great":      {func(r rows) rows { r[0]["embedding"] = []float64{1e300, 0, 0, 0}; return r }, "value 0 of an embedding"},
		"base64":         {func(r rows) rows { r[0]["embedding"] = "AACAPw=="; return r }, "want a list of numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.spoil = c.spoil
			_, err := embed(s.client(t, nil), "a", "b")
			checkError(t, err, remote.ErrAnswer, `model "test-model" at http`, c.says)
			if n := len(s.questions()); n != 1 {
				t.Errorf("asked %d times, want once: it would not help", n)
			}
		})
	}
}

func TestUnusableBodies(t *testing.T) {
	for name, c := range map[string]struct{ body, says string }{
		"page":      {"<html>" + key + strings.Repeat("welcome", 100), "<html>[hidden]welcome"},
		"cut":       {`{"data":[{"index":0,"embedding":[1,2`, "unexpected end of JSON"},
		"nothing":   {"", "unexpected end of JSON"},
		"null":      {"null", "0 vectors for 1 texts"},
		"list":      {"[1,2]", "cannot unmarshal"},
		"huge":      {`{"data":[` + strings.Repeat(" ", 5000) + `]}`, "more than 2000 bytes"},
		"key later": {strings.Repeat("x", 190) + key, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.before = func(_ int, w http.ResponseWriter, _ question) bool { _, _ = io.WriteString(w, c.body); return true }
			_, err := embed(s.client(t, func(c *remote.Config) { c.MaxBodyBytes = 2000 }), "a")
			checkError(t, err, remote.ErrAnswer, c.says)
		})
	}
}

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

func FuzzAnswer(f *testing.F) {
	f.Add(`{"data":[{"index":0,"embedding":[1,2,3,4]}]}`)
	f.Add(`{"data":[{"embedding":[1e-45,-0,3.5,4]}]}`)
	f.Add(`{"data":[{"index":0,"embedding":[null,NaN]}]}`)
	s := newServer(f)
	var body string
	s.before = func(_ int, w http.ResponseWriter, _ question) bool { _, _ = io.WriteString(w, body); return true }
	c := s.client(f, nil)
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		got, err := embed(c, "a")
		if err != nil {
			if !errors.Is(err, remote.ErrAnswer) {
				t.Fatalf("error is %v, want one that wraps ErrAnswer", err)
			}
			return
		}
		sum := 0.0
		for _, x := range got {
			sum += float64(x) * float64(x)
		}
		if sum != 0 && !(sum > 0.999 && sum < 1.001) {
			t.Fatalf("vector %v has length %v squared, want 0 or 1", got, sum)
		}
	})
}

var _ embedder.Embedder = (*remote.Client)(nil)
