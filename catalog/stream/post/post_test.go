package post_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
	"marquee/catalog/stream/post"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0123456789abcdef-token"

// A sink keeps the contract of Append in memory.
type sink struct {
	mu      sync.Mutex
	held    map[string]int64
	digests map[string]string
	minutes int
	gate    chan struct{} // when set, Append waits for it
	fail    error
	lost    bool // the next commit happens and its answer is lost
}

func newSink() *sink { return &sink{held: map[string]int64{}, digests: map[string]string{}} }

func (s *sink) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return catalog.Applied{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return catalog.Applied{}, s.fail
	}
	if held := s.held[b.Partition]; held != b.From {
		if s.digests[b.Partition] != string(b.Digest) {
			return catalog.Applied{}, catalog.ErrConflict
		}
		return catalog.Applied{Held: held}, catalog.ErrOffset
	}
	s.held[b.Partition], s.digests[b.Partition] = b.To, string(b.Digest)
	s.minutes += len(b.Minutes)
	if s.lost {
		s.lost = false
		return catalog.Applied{}, catalog.ErrUnavailable
	}
	return catalog.Applied{Held: b.To}, nil
}

func config() post.Config {
	cfg := post.DefaultConfig()
	cfg.Tokens = []string{"another-token-of-old", token}
	cfg.Wait = 5 * time.Second
	return cfg
}

// start runs a source into dst until the test ends.
func start(t testing.TB, cfg post.Config, dst stream.Sink) *post.Source {
	t.Helper()
	src, err := post.New(cfg, stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := stream.Run(ctx, src, dst, stream.RunConfig{MinDelay: time.Millisecond, MaxDelay: 5 * time.Millisecond})
		ended <- err
	}()
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return src
}

func request(key, body string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/events", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set(post.HeaderKey, key)
	return r
}

func send(src *post.Source, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	src.ServeHTTP(w, r)
	return w
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2022-11-14T12:23:12,%d,GET /data/m/m+1931/%d.mpg\n", i, i%90)
	}
	return b.String()
}

func TestPost(t *testing.T) {
	dst := newSink()
	src := start(t, config(), dst)
	const want = `{"lines":4,"kept":{"watch":3,"rate":0,"recommendation":0,"create_account":0},"refused":{"unknown_kind":1},"replayed":%t}` + "\n"
	body := lines(3) + "2022-11-14T12:23:12,1,noise" // no end
	for _, replayed := range []bool{false, true, true} {
		w := send(src, request("k1", body))
		if got := w.Body.String(); w.Code != http.StatusOK || got != fmt.Sprintf(want, replayed) {
			t.Errorf("%d %s\nwant 200 %s", w.Code, got, fmt.Sprintf(want, replayed))
		}
	}
	if dst.minutes != 3 {
		t.Errorf("%d minutes were stored, want 3", dst.minutes)
	}
	if w := send(src, request("k1", lines(4))); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "another body") {
		t.Errorf("another body under the same key: %d %s, want 409", w.Code, w.Body)
	}
	if w := send(src, request("k2", body)); w.Code != http.StatusOK || dst.minutes != 6 {
		t.Errorf("the same body under another key: %d %s, %d minutes", w.Code, w.Body, dst.minutes)
	}
}

func TestRefusals(t *testing.T) {
	cfg := config()
	cfg.BodyBytes, cfg.BodyLines = 1000, 5
	dst := newSink()
	src := start(t, cfg, dst)
	pack := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := io.WriteString(z, text); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		body   string
		change func(*http.Request)
		status int
	}{
		"GET":                 {lines(1), func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"no token":            {lines(1), with("Authorization", ""), 401},
		"wrong token":         {lines(1), with("Authorization", "Bearer "+token+"x"), 401},
		"wrong scheme":        {lines(1), with("Authorization", "Basic "+token), 401},
		"a token of old":      {lines(1), with("Authorization", "bearer another-token-of-old"), 200},
		"no key":              {lines(1), with(post.HeaderKey, ""), 400},
		"key with a blank":    {lines(1), with(post.HeaderKey, "a b"), 400},
		"long key":            {lines(1), with(post.HeaderKey, strings.Repeat("k", 201)), 400},
		"no body":             {"", func(*http.Request) {}, 400},
		"too many bytes":      {strings.Repeat("x", 1001), func(*http.Request) {}, 413},
		"too many lines":      {"a\nb\nc\nd\ne\nf\n", func(*http.Request) {}, 413},
		"one line too many":   {"a\nb\nc\nd\ne\nf", func(*http.Request) {}, 413},
		"JSON":                {`{"a":1}`, with("Content-Type", "application/json"), 415},
		"a form":              {"x", with("Content-Type", `multipart/form-data; boundary="x"`), 415},
		"as curl sends it":    {lines(1), with("Content-Type", "application/x-www-form-urlencoded"), 200},
		"packed":              {pack(lines(2)), with("Content-Encoding", "gzip"), 200},
		"packed, not said":    {pack(lines(2)), func(*http.Request) {}, 200},
		"packed bomb":         {pack(strings.Repeat("x", 100_000)), with("Content-Encoding", "gzip"), 413},
		"not packed":          {lines(1), with("Content-Encoding", "gzip"), 400},
		"half packed":         {pack(lines(5))[:30], with("Content-Encoding", "gzip"), 400},
		"packed otherwise":    {lines(1), with("Content-Encoding", "br"), 415},
		"ends without an \\n": {strings.TrimSpace(lines(1)), func(*http.Request) {}, 200},
	} {
		r := request(name[:1]+fmt.Sprint(len(name)), c.body)
		r.Header.Set(post.HeaderKey, strings.ReplaceAll(name, " ", "-"))
		c.change(r)
		w := send(src, r)
		if w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
		var problem struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || (w.Code == 200) != (problem.Error == "") {
			t.Errorf("%s: body %s, %v", name, w.Body, err)
		}
		if strings.Contains(w.Body.String(), token) {
			t.Errorf("%s: the answer shows a token: %s", name, w.Body)
		}
	}
	if dst.minutes != 1+1+2+2+1 {
		t.Errorf("%d minutes were stored, want those of the accepted", dst.minutes)
	}
}

// While the store hangs, as many requests wait as may, the rest are told to come
// back, and those that wait too long as well. What was put off goes in once.
func TestStoreHangs(t *testing.T) {
	cfg := config()
	cfg.Queue, cfg.Wait = 2, 100*time.Millisecond
	dst := newSink()
	dst.gate = make(chan struct{})
	src := start(t, cfg, dst)
	codes := make(chan int, 10)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			w := send(src, request(fmt.Sprint("k", i), lines(1)))
			if w.Code != 200 && w.Header().Get("Retry-After") == "" {
				t.Errorf("%d without Retry-After", w.Code)
			}
			codes <- w.Code
		})
	}
	wg.Wait()
	count := map[int]int{}
	for range 10 {
		count[<-codes]++
	}
	if count[429] < 6 || count[503] < 2 || count[429]+count[503] != 10 {
		t.Errorf("answers %v, want 429 for what did not fit, 503 for what waited too long", count)
	}
	close(dst.gate)
	for i := range 10 {
		for try := 0; ; try++ {
			w := send(src, request(fmt.Sprint("k", i), lines(1)))
			if w.Code == 200 {
				break
			}
			if try == 100 {
				t.Fatalf("request %d still gets %d", i, w.Code)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if dst.minutes != 10 {
		t.Errorf("%d minutes were stored, want each once", dst.minutes)
	}
}

// A slow body holds one of the places, so that no more bodies are in memory than
// may wait; when it is given up, its place is free.
func TestBodiesInMemory(t *testing.T) {
	cfg := config()
	cfg.Queue = 1
	src := start(t, cfg, newSink())
	slow, feed := io.Pipe()
	r := request("slow", "")
	r.Body = slow
	code := make(chan int)
	go func() { code <- send(src, r).Code }()
	if _, err := io.WriteString(feed, lines(1)); err != nil { // returns when it was read
		t.Fatal(err)
	}
	if w := send(src, request("k", lines(1))); w.Code != 429 {
		t.Errorf("beside the slow one: %d, want 429", w.Code)
	}
	feed.CloseWithError(errors.New("gone"))
	if got := <-code; got != 400 {
		t.Errorf("the slow one: %d, want 400", got)
	}
	for i := range 300 { // whoever waits for each answer never finds the place taken
		if w := send(src, request(fmt.Sprint("k", i), lines(1))); w.Code != 200 {
			t.Fatalf("request %d after it: %d %s, want 200", i, w.Code, w.Body)
		}
	}
}

// A Run that was cut short leaves a body behind; the next one takes it.
func TestRunAgain(t *testing.T) {
	dst := newSink()
	src, err := post.New(config(), stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	code := make(chan int)
	go func() { code <- send(src, request("k", lines(2))).Code }()
	dst.fail = catalog.ErrUnavailable
	if _, err := stream.Run(t.Context(), src, dst, stream.RunConfig{}); !errors.Is(err, catalog.ErrUnavailable) {
		t.Fatalf("got %v, want the store's error", err)
	}
	dst.fail = nil
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := stream.Run(ctx, src, dst, stream.RunConfig{})
		ended <- err
	}()
	if got := <-code; got != 200 || dst.minutes != 2 {
		t.Errorf("%d, %d minutes; want 200 and 2", got, dst.minutes)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestClientGoes(t *testing.T) {
	dst := newSink()
	dst.gate = make(chan struct{})
	src := start(t, config(), dst)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w := send(src, request("k", lines(1)).WithContext(ctx)); w.Code != 503 {
		t.Errorf("%d, want 503", w.Code)
	}
	close(dst.gate)
	if w := send(src, request("k", lines(1))); w.Code != 200 {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
	if dst.minutes != 1 {
		t.Errorf("%d minutes, want 1", dst.minutes)
	}
}

func TestClose(t *testing.T) {
	dst := newSink()
	dst.gate = make(chan struct{})
	src := start(t, config(), dst)
	codes := make(chan int, 1)
	go func() { codes <- send(src, request("k", lines(1))).Code }()
	time.Sleep(10 * time.Millisecond)
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	if code := <-codes; code != 503 {
		t.Errorf("the request that waited got %d, want 503", code)
	}
	if w := send(src, request("l", lines(1))); w.Code != 503 {
		t.Errorf("after Close: %d, want 503", w.Code)
	}
	if _, err := src.Fetch(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("Fetch after Close: %v, want EOF", err)
	}
}

// A commit whose answer was lost is a success.
func TestAnswerOfCommitLost(t *testing.T) {
	dst := newSink()
	dst.lost = true
	src := start(t, config(), dst)
	if w := send(src, request("k", lines(2))); w.Code != 200 || strings.Contains(w.Body.String(), "true") || dst.minutes != 2 {
		t.Errorf("%d %s, %d minutes", w.Code, w.Body, dst.minutes)
	}
}

// Whatever is sent how often, in any order: the store takes each body once.
func TestReplaysChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dst := newSink()
		src, err := post.New(config(), stream.DefaultConfig(), time.Now)
		if err != nil {
			rt.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = stream.Run(ctx, src, dst, stream.RunConfig{})
		}()
		defer func() { cancel(); <-ended }()
		bodies := map[string]int{}
		want := 0
		for range rapid.IntRange(1, 20).Draw(rt, "requests") {
			key := fmt.Sprint("k", rapid.IntRange(0, 3).Draw(rt, "key"))
			n := rapid.IntRange(1, 3).Draw(rt, "lines")
			w := send(src, request(key, lines(n)))
			held, known := bodies[key]
			switch {
			case !known:
				bodies[key] = n
				want += n
				if w.Code != 200 {
					rt.Fatalf("first: %d %s", w.Code, w.Body)
				}
			case held == n && (w.Code != 200 || !strings.Contains(w.Body.String(), `"replayed":true`)):
				rt.Fatalf("again: %d %s", w.Code, w.Body)
			case held != n && w.Code != 409:
				rt.Fatalf("another body: %d %s", w.Code, w.Body)
			}
		}
		if dst.minutes != want {
			rt.Fatalf("%d minutes, want %d", dst.minutes, want)
		}
	})
}

// The same on a real store.
func TestOnSQLite(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "marquee.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	src := start(t, config(), store)
	for i, status := range []int{200, 200, 409} {
		body := lines(3)
		if status == 409 {
			body = lines(5)
		}
		if w := send(src, request("k", body)); w.Code != status {
			t.Errorf("request %d: %d %s, want %d", i, w.Code, w.Body, status)
		}
	}
	counts, err := store.Counts(t.Context())
	if err != nil || counts.Watches != 3 {
		t.Errorf("%+v, %v; want 3 watches", counts, err)
	}
}

func TestConfig(t *testing.T) {
	for name, spoil := range map[string]func(*post.Config){
		"no token":    func(c *post.Config) { c.Tokens = nil },
		"short token": func(c *post.Config) { c.Tokens = []string{"secret"} },
		"blank token": func(c *post.Config) { c.Tokens = []string{"0123456789abcdef xyz"} },
		"no queue":    func(c *post.Config) { c.Queue = 0 },
		"no wait":     func(c *post.Config) { c.Wait = 0 },
		"no bytes":    func(c *post.Config) { c.BodyBytes = 0 },
		"no lines":    func(c *post.Config) { c.BodyLines = 0 },
	} {
		cfg := config()
		spoil(&cfg)
		if _, err := post.New(cfg, stream.DefaultConfig(), time.Now); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "xyz") {
			t.Errorf("%s: the error shows a token: %v", name, err)
		}
	}
	lines := stream.DefaultConfig()
	lines.From = stream.From{Place: stream.Latest}
	if _, err := post.New(config(), lines, time.Now); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("a start in the middle: %v, want invalid", err)
	}
}

// What nobody foresaw costs one request its answer, and no other.
func TestUnforeseen(t *testing.T) {
	dst := newSink()
	dst.fail = errors.New("disk on fire")
	cfg := config()
	var told atomic.Int32
	cfg.Failed = func(err error) {
		if strings.Contains(err.Error(), "disk on fire") {
			told.Add(1)
		}
	}
	src := start(t, cfg, dst)
	if w := send(src, request("k", lines(1))); w.Code != 500 || strings.Contains(w.Body.String(), "fire") || told.Load() != 1 {
		t.Errorf("%d %s, told %d times; want 500 that tells nothing but the log", w.Code, w.Body, told.Load())
	}
	dst.mu.Lock()
	dst.fail = nil
	dst.mu.Unlock()
	if w := send(src, request("k", lines(1))); w.Code != 200 {
		t.Errorf("after it: %d %s", w.Code, w.Body)
	}
}

// A body is refused only for what is wrong with it; nothing of the store is told
// to its sender.
func TestWhoseFaultItIs(t *testing.T) {
	for kind, want := range map[error]int{catalog.ErrInvalid: 400, catalog.ErrDamaged: 500} {
		dst := newSink()
		dst.fail = fmt.Errorf("append: store /srv/secret/facts.db: %w", kind)
		cfg := config()
		var told atomic.Int32
		cfg.Failed = func(err error) {
			if errors.Is(err, kind) && strings.Contains(err.Error(), "facts.db") {
				told.Add(1)
			}
		}
		src := start(t, cfg, dst)
		w := send(src, request("k", lines(1)))
		if w.Code != want || strings.Contains(w.Body.String(), "/srv") || told.Load() != 1 {
			t.Errorf("%v: %d %s, told %d times; want %d without a path, and the path in the log", kind, w.Code, w.Body, told.Load(), want)
		}
	}
}
