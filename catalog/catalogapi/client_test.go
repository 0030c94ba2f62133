package catalogapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

// What is in a base URL beside the address is a secret, and is in no message.
func TestSecretsOfBaseURL(t *testing.T) {
	for _, base := range []string{
		"http://me:hunter2@api.example.com/v1?key=hunter2",
		"http://hunter2@api.example.com?key=hunter2",
		"http://api.example.com?hunter2",
		"http://api.example.com#hunter2",
		"ftp://me:hunter2@api.example.com",
		"http://me:hunter2@api.example.com:port",
		"http://me:hunter2%zz@api.example.com",
		"me:hunter2@api.example.com",
		"me:hunter2",
		"?key=hunter2",
	} {
		err := quick(base, catalogapi.Edition2025).Validate()
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), "base URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want ErrInvalid without the secret", base, err)
		}
	}
	if err := quick("ftp://api.example.com/v1", catalogapi.Edition2025).Validate(); err == nil || !strings.Contains(err.Error(), "ftp://api.example.com/v1") {
		t.Errorf("error %v does not show a URL without secrets", err)
	}

	refuse := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	hang := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://you:hunter2@"+r.Host+"/?key=hunter2", http.StatusFound)
	})
	for name, h := range map[string]http.Handler{"401": refuse(401), "429": refuse(429), "500": refuse(500), "no answer": hang, "redirects": elsewhere} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			var log bytes.Buffer
			base := strings.Replace(server.URL, "http://", "http://hunter2:hunter2@", 1)
			c, err := catalogapi.New(quick(base, catalogapi.Edition2025), &http.Client{Transport: transport},
				slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err != nil {
				t.Fatal(err)
			}
			for a, err := range c.Movies(t.Context(), manyIDs(1)) {
				if text := fmt.Sprint(a.Fault, err); strings.Contains(text, "hunter2") {
					t.Errorf("error %q holds the secret", text)
				}
			}
			if strings.Contains(log.String(), "hunter2") {
				t.Errorf("log %q holds the secret", log.String())
			}
		})
	}
}

func TestIDsInURLs(t *testing.T) {
	s := &service{answer: func(path string, _ int) (int, string) { return 404, `{"message":"movie not found"}` }}
	c := start(t, s, func(c *catalogapi.Config) { c.Parallel = 1 })
	ids := []catalog.MovieID{"thelma++louise+1991", "who+the+f**k+is+arthur+fogel+2013", "umberto+d.+1952", "..", "a?b#c%d;e", "amélie"}
	if _, err := say(t.Context(), c, ids...); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/movie/thelma++louise+1991", "/movie/who+the+f**k+is+arthur+fogel+2013", "/movie/umberto+d.+1952",
		"/movie/%2E%2E", "/movie/a%3Fb%23c%25d%3Be", "/movie/am%C3%A9lie",
	}
	if got := s.paths(); !slices.Equal(got, want) {
		t.Errorf("asked for\n%q, want\n%q", got, want)
	}
}

// One request, one answer, in all the ways in which a service can answer.
func TestAnswers(t *testing.T) {
	const none = `{"message":"movie not found"}`
	always := func(status int, body string) func(string, int) (int, string) {
		return func(string, int) (int, string) { return status, body }
	}
	after := func(n int, status int, body string) func(string, int) (int, string) {
		return func(path string, nth int) (int, string) {
			if nth > n {
				return 200, record(path)
			}
			return status, body
		}
	}
	for _, c := range []struct {
		name    string
		answer  func(string, int) (int, string)
		want    string // of m+1931; an error's text if it has "!"
		is      error
		atMost  int
		atLeast int
	}{
		{"fine", after(0, 0, ""), "m+1931 ok", nil, 1, 1},
		{"message with 404", always(404, none), "m+1931 unknown", nil, 1, 1},
		{"message with 200", always(200, none), "m+1931 unknown", nil, 1, 1},
		{"message with 400", always(400, none), "m+1931 unknown", nil, 1, 1},
		{"message with 500", always(500, none), "m+1931 unknown", nil, 1, 1},
		{"plain 404", always(404, "404 page not found"), "m+1931 unknown", nil, 1, 1},
		{"400", always(400, "bad request"), "m+1931 fault", nil, 1, 1},
		{"429 twice", after(2, 429, "slow down"), "m+1931 ok", nil, 3, 3},
		{"429 as a message", after(2, 200, `{"message":"rate limit exceeded"}`), "m+1931 ok", nil, 3, 3},
		{"500 twice", after(2, 500, "oops"), "m+1931 ok", nil, 3, 3},
		{"503 twice", after(2, 503, ""), "m+1931 ok", nil, 3, 3},
		{"429 for ever", always(429, ""), "!", catalog.ErrUnavailable, 5, 5},
		{"500 for ever", always(500, ""), "m+1931 fault", nil, 5, 5},
		{"401", always(401, ""), "!", catalog.ErrInvalid, 1, 1},
		{"truncated once", after(1, 200, `{"id":"m+1931","tit`), "m+1931 ok", nil, 2, 2},
		{"truncated for ever", always(200, `{"id":"m+1931","tit`), "m+1931 fault", nil, 3, 3},
		{"rubbish", always(200, `<html>`), "m+1931 fault", nil, 3, 3},
		{"a number", always(200, `7`), "m+1931 fault", nil, 3, 3},
		{"empty", always(200, ``), "m+1931 fault", nil, 3, 3},
		{"another movie", always(200, record("/movie/m+1951")), "m+1931 fault", nil, 3, 3},
		{"illegal record", always(200, `{"id":"m+1931","title":{}}`), "m+1931 ok", nil, 1, 1},
		{"huge", always(200, `{"id":"m+1931","x":"`+strings.Repeat("x", 2000)+`"}`), "m+1931 fault", nil, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &service{answer: c.answer}
			client := start(t, s, func(c *catalogapi.Config) { c.MaxBodyBytes = 1000 })
			said, err := say(t.Context(), client, "m+1931")
			if c.is != nil && !errors.Is(err, c.is) || c.is == nil && err != nil {
				t.Fatalf("got error %v, want %v", err, c.is)
			}
			if got := strings.Join(said, ","); c.is == nil && got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if n := len(s.paths()); n < c.atLeast || n > c.atMost {
				t.Errorf("%d requests, want %d to %d", n, c.atLeast, c.atMost)
			}
		})
	}
}

func TestConnectionReset(t *testing.T) {
	s := &service{}
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if len(s.paths()) > 2 {
			return false
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return false
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
		return true
	}
	said, err := say(t.Context(), start(t, s, nil), "m+1931")
	if err != nil || !slices.Equal(said, []string{"m+1931 ok"}) {
		t.Errorf("got %q, %v", said, err)
	}
}

func TestSlowServiceTimesOut(t *testing.T) {
	s := &service{}
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if len(s.paths()) == 1 {
			<-r.Context().Done()
			return true
		}
		return false
	}
	said, err := say(t.Context(), start(t, s, func(c *catalogapi.Config) { c.Timeout = 50 * time.Millisecond }), "m+1931")
	if err != nil || !slices.Equal(said, []string{"m+1931 ok"}) {
		t.Errorf("got %q, %v", said, err)
	}
}

func TestNobodyThere(t *testing.T) {
	cfg := quick("http://127.0.0.1:1", catalogapi.Edition2025)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := catalogapi.New(cfg, &http.Client{Transport: transport}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := say(t.Context(), c, "m+1931"); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestBulkShapes(t *testing.T) {
	const x = `{"message":"movie not found"}`
	a, b := record("/movie/a+1991"), record("/movie/b+1992")
	for _, c := range []struct{ name, body, want string }{
		{"list", "[" + a + "," + b + "," + x + "]", "a+1991 ok,b+1992 ok,c+1993 unknown"},
		{"list in another order", "[" + b + "," + a + "]", "a+1991 ok,b+1992 ok,c+1993 unknown"},
		{"list with null", "[" + a + ",null," + x + "]", "a+1991 ok,b+1992 unknown,c+1993 unknown"},
		{"by id", `{"c+1993":` + x + `,"a+1991":` + a + `,"b+1992":` + b + `}`, "a+1991 ok,b+1992 ok,c+1993 unknown"},
		{"by id, left out", `{"a+1991":` + a + `}`, "a+1991 ok,b+1992 unknown,c+1993 unknown"},
		{"list inside", `{"movies":[` + a + "," + b + `],"count":2}`, "a+1991 ok,b+1992 ok,c+1993 unknown"},
		{"by id inside", `{"data":{"b+1992":` + b + `}}`, "a+1991 unknown,b+1992 ok,c+1993 unknown"},
		{"one record", a, "a+1991 ok,b+1992 unknown,c+1993 unknown"},
		{"message with id", `[{"id":"b+1992","message":"movie not found"},` + a + "," + record("/movie/c+1993") + `]`, "a+1991 ok,b+1992 unknown,c+1993 ok"},
		{"a part is unreadable", "[" + a + `,"?"]`, "a+1991 ok,b+1992 fault,c+1993 fault"},
		{"a record too many", "[" + a + "," + record("/movie/z+1999") + `]`, "a+1991 ok,b+1992 fault,c+1993 fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &service{answer: func(string, int) (int, string) { return 200, c.body }}
			said, err := say(t.Context(), start(t, s, bulk(200)), "a+1991", "b+1992", "c+1993")
			if got := strings.Join(said, ","); err != nil || got != c.want {
				t.Errorf("got %s, error %v\nwant %s", got, err, c.want)
			}
			if got := s.paths(); len(got) != 1 || got[0] != "/movie/a+1991,b+1992,c+1993" {
				t.Errorf("asked %q, want once for all three", got)
			}
		})
	}
}

// A bulk request that is refused as a whole is asked again in halves: one bad
// id must not hide the others.
func TestBulkSplits(t *testing.T) {
	for _, status := range []int{200, 400, 404, 414} {
		s := &service{answer: func(path string, _ int) (int, string) {
			ids := strings.Split(strings.TrimPrefix(path, "/movie/"), ",")
			if slices.Contains(ids, "m0005+1999") {
				return status, `{"message":"movie not found"}`
			}
			return 200, records(ids)
		}}
		said, err := say(t.Context(), start(t, s, bulk(16)), manyIDs(16)...)
		if err != nil || len(said) != 16 {
			t.Fatalf("status %d: got %q, %v", status, said, err)
		}
		for i, text := range said {
			if want := map[bool]string{true: " unknown", false: " ok"}[i == 5]; !strings.HasSuffix(text, want) {
				t.Errorf("status %d: got %s, want%s", status, text, want)
			}
		}
		if n := len(s.paths()); n != 9 {
			t.Errorf("status %d: %d requests, want 9", status, n)
		}
	}
}

func TestBulkKeepsURLsShort(t *testing.T) {
	s := &service{answer: func(path string, _ int) (int, string) {
		if len(path) > 8000 {
			return 414, ""
		}
		return 200, records(strings.Split(strings.TrimPrefix(path, "/movie/"), ","))
	}}
	var ids []catalog.MovieID
	for i := range 200 {
		ids = append(ids, catalog.MovieID(strings.Repeat("x", 100)+strconv.Itoa(i)+"+1999"))
	}
	said, err := say(t.Context(), start(t, s, bulk(200)), ids...)
	if err != nil || len(said) != 200 || len(s.paths()) != 4 {
		t.Errorf("%d answers in %d requests, error %v; want 200 in 4", len(said), len(s.paths()), err)
	}
}

// Answers come in the order of the ids, whatever the order of arrival, and no
// more requests are under way than allowed.
func TestOrderAndParallel(t *testing.T) {
	var underway, top atomic.Int64
	s := &service{before: func(http.ResponseWriter, *http.Request) bool {
		n := underway.Add(1)
		for old := top.Load(); n > old && !top.CompareAndSwap(old, n); old = top.Load() {
		}
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		underway.Add(-1)
		return false
	}}
	c := start(t, s, func(c *catalogapi.Config) { c.Parallel = 7 })
	i := 0
	for a, err := range c.Movies(t.Context(), manyIDs(200)) {
		if err != nil || a.ID != string(manyIDs(200)[i]) {
			t.Fatalf("answer %d is of %s, error %v", i, a.ID, err)
		}
		i++
	}
	if n := top.Load(); i != 200 || n > 7 || n < 2 {
		t.Errorf("%d answers, up to %d requests at once; want 200, and 2 to 7", i, n)
	}
	for range c.Movies(t.Context(), manyIDs(200)) {
		break // the requests under way end with the loop: goleak looks
	}
}

// A transport answers in virtual time.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(status int, header http.Header, body string) *http.Response {
	w := httptest.NewRecorder()
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	w.WriteString(body)
	return w.Result()
}

func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		cfg := catalogapi.DefaultConfig("http://api", catalogapi.Edition2025)
		c, err := catalogapi.New(cfg, &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(begin))
			return response(503, nil, ""), nil
		})}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if said, err := say(t.Context(), c, "m+1931"); err != nil || !slices.Equal(said, []string{"m+1931 fault"}) {
			t.Errorf("got %q, %v", said, err)
		}
		if len(at) != cfg.Retries+1 {
			t.Fatalf("%d attempts, want %d", len(at), cfg.Retries+1)
		}
		for i := 1; i < len(at); i++ {
			want := min(cfg.MinDelay<<(i-1), cfg.MaxDelay)
			if d := at[i] - at[i-1]; d < want*3/4-time.Millisecond || d > want*5/4+time.Millisecond {
				t.Errorf("waited %v before retry %d, want %v give or take a quarter", d, i, want)
			}
		}
	})
}

// Retry-After holds back every request of the client, not only the one that
// was told.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var early []string
		told := false
		cfg := catalogapi.DefaultConfig("http://api", catalogapi.Edition2025)
		cfg.Parallel = 3
		c, err := catalogapi.New(cfg, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if !told {
				told = true
				return response(429, http.Header{"Retry-After": {"20"}}, ""), nil
			}
			if since := time.Since(begin); since > 0 && since < 20*time.Second {
				early = append(early, fmt.Sprint(r.URL.Path, " after ", since))
			}
			time.Sleep(time.Second)
			return response(200, nil, record(r.URL.EscapedPath())), nil
		})}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		said, err := say(t.Context(), c, manyIDs(30)...)
		if err != nil || len(said) != 30 || len(early) > 0 {
			t.Errorf("%d answers, error %v; asked during the pause: %q", len(said), err, early)
		}
	})
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		cfg := catalogapi.DefaultConfig("http://api", catalogapi.Edition2025)
		cfg.RequestsPerSecond, cfg.Burst = 10, 5
		c, err := catalogapi.New(cfg, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return response(200, nil, record(r.URL.EscapedPath())), nil
		})}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := say(t.Context(), c, manyIDs(105)...); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("105 requests took %v, want 10s", took)
		}
	})
}

func TestCancelEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := catalogapi.DefaultConfig("http://api", catalogapi.Edition2025)
		c, err := catalogapi.New(cfg, &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			return response(429, http.Header{"Retry-After": {"250"}}, ""), nil
		})}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := say(ctx, c, manyIDs(9)...); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}

func TestServiceOutOfOrderEndsIt(t *testing.T) {
	s := &service{answer: func(path string, _ int) (int, string) {
		if path < "/movie/m0010" {
			return 200, record(path)
		}
		return 500, "boom"
	}}
	said, err := say(t.Context(), start(t, s, func(c *catalogapi.Config) { c.Retries = 0 }), manyIDs(1000)...)
	if !errors.Is(err, catalog.ErrUnavailable) || len(s.paths()) > 30 {
		t.Errorf("got %d answers, %d requests, error %v; want ErrUnavailable soon", len(said), len(s.paths()), err)
	}
}

func TestConfigValidate(t *testing.T) {
	for _, e := range []string{catalogapi.Edition2025, catalogapi.Edition2026} {
		if err := catalogapi.DefaultConfig("https://api.example:80/v1", e).Validate(); err != nil {
			t.Errorf("defaults of %s: %v", e, err)
		}
	}
	err := catalogapi.Config{BaseURL: "ftp://x", Edition: "1999", RequestsPerSecond: -1}.Validate()
	if !errors.Is(err, catalog.ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"base URL", "edition", "requests per second", "burst", "parallel", "ids a request", "timeout", "delays", "largest body"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q says nothing of %s", err, part)
		}
	}
	cfg := catalogapi.DefaultConfig("http://x", catalogapi.Edition2025)
	cfg.Bulk = 2
	if cfg.Validate() == nil {
		t.Error("two ids a request are accepted in edition 2025")
	}
}
