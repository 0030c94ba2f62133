package load

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A quantile is that of the sorted durations, but for a sixty-fourth.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 300).Draw(t, "values")
		var h, half Histogram
		for i, v := range values {
			if i%2 == 0 {
				h.Add(time.Duration(v))
			} else {
				half.Add(time.Duration(v))
			}
		}
		h.Merge(&half)
		slices.Sort(values)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		want := float64(values[max(int(math.Ceil(q*float64(len(values)))), 1)-1])
		got := float64(h.Quantile(q))
		if got < want || got > want*(1+1.0/64)+1 {
			t.Fatalf("quantile %v is %v, want %v", q, got, want)
		}
		if h.Count() != int64(len(values)) || int64(h.Max()) != values[len(values)-1] {
			t.Fatalf("%d values, the longest %v", h.Count(), h.Max())
		}
	})
}

// A runner is Run or stands for it.
type runner = func(context.Context, Config) (Result, error)

// eachWay runs a test with the way of this system, and with that which any has.
func eachWay(t *testing.T, test func(t *testing.T, run runner)) {
	t.Run("run", func(t *testing.T) { test(t, Run) })
	t.Run("clients", func(t *testing.T) {
		test(t, func(ctx context.Context, c Config) (Result, error) {
			return byClients(ctx, c, int64(c.Rate*c.Duration.Seconds())), ctx.Err()
		})
	})
}

// A server that ends connections while they are idle is noticed by the next request, and
// the one after that has a new connection.
func TestServerHangsUp(t *testing.T) {
	eachWay(t, func(t *testing.T, run runner) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "list") }))
		server.Config.IdleTimeout = time.Millisecond
		server.Start()
		defer server.Close()
		r, err := run(t.Context(), Config{
			Address: server.Listener.Addr().String(), Rate: 10, Duration: time.Second, Connections: 1, Timeout: 5 * time.Second,
			Request: func(int) []byte { return Get("/") },
		})
		if err != nil || r.Errors != 5 || r.Statuses[200] != 5 {
			t.Errorf("%v, %v; want every second request without an answer", r, err)
		}
	})
}

// Every answer is counted by its status, bodies with a length and in chunks alike.
func TestRun(t *testing.T) { eachWay(t, testRun) }

func testRun(t *testing.T, run runner) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/missing":
			http.Error(w, "no", http.StatusNotFound)
		case r.URL.Path == "/chunks":
			for range 3 {
				fmt.Fprint(w, "part,")
				w.(http.Flusher).Flush()
			}
		case r.URL.Path == "/long":
			fmt.Fprint(w, strings.Repeat("long ", 20_000))
		case r.URL.Path == "/close":
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "bye")
		default:
			fmt.Fprint(w, r.Header.Get("X-Number"))
		}
	}))
	defer server.Close()
	paths := []string{"/", "/missing", "/chunks", "/close", "/long"}
	var bodies [5]atomic.Int64
	want := []string{"7", "no\n", "part,part,part,", "bye", strings.Repeat("long ", 20_000)}
	r, err := run(t.Context(), Config{
		Address: strings.TrimPrefix(server.URL, "http://"), Rate: 2000, Duration: 200 * time.Millisecond, Connections: 4, Timeout: time.Second,
		Request: func(i int) []byte { return Get(paths[i%5], "X-Number: 7") },
		Answered: func(i int, a Answer, _ time.Duration, err error) {
			if err == nil && string(a.Body) == want[i%5] && a.Value("content-type") != "" {
				bodies[i%5].Add(1)
			}
		},
	})
	if err != nil || r.Sent != 400 || r.Errors != 0 || r.Statuses[200] != 320 || r.Statuses[404] != 80 || r.Other(200) != 80 {
		t.Errorf("%v, %v", r, err)
	}
	for i := range bodies {
		if n := bodies[i].Load(); n != 80 {
			t.Errorf("%s: %d answers as wanted, want 80", paths[i], n)
		}
	}
}

// A server that stalls once is seen to have kept all waiting who came meanwhile.
func TestCoordinatedOmission(t *testing.T) { eachWay(t, testCoordinatedOmission) }

func testCoordinatedOmission(t *testing.T, run runner) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 50 {
			time.Sleep(400 * time.Millisecond)
		}
	}))
	defer server.Close()
	r, err := run(t.Context(), Config{
		Address: strings.TrimPrefix(server.URL, "http://"), Rate: 500, Duration: time.Second, Connections: 1, Timeout: 5 * time.Second,
		Request: func(int) []byte { return Get("/") },
	})
	if err != nil || r.Sent != 500 {
		t.Fatalf("%v, %v", r, err)
	}
	// Some 200 requests were due in those 400 ms: a tenth of all waited 200 ms or more.
	if p := r.Waited.Quantile(0.9); p < 150*time.Millisecond {
		t.Errorf("nine of ten waited less than %v: the stall was not counted", p)
	}
}

// Without a server every request is an error, and the end of ctx is the end.
func TestRunWithoutServer(t *testing.T) { eachWay(t, testRunWithoutServer) }

func testRunWithoutServer(t *testing.T, run runner) {
	server := httptest.NewServer(nil)
	address := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	c := Config{Address: address, Rate: 100, Duration: 100 * time.Millisecond, Connections: 2, Timeout: time.Second, Request: func(int) []byte { return Get("/") }}
	if r, err := run(t.Context(), c); err != nil || r.Errors != 10 || r.Other(200) != 10 {
		t.Errorf("%v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := run(ctx, c); err == nil || r.Sent != 0 {
		t.Errorf("%v, %v", r, err)
	}
}

// One that gets no answer in time is an error, and those behind it go on.
func TestTimeout(t *testing.T) { eachWay(t, testTimeout) }

func testTimeout(t *testing.T, run runner) {
	var asked atomic.Int64
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 3 {
			<-held
		}
	}))
	defer server.Close()
	defer close(held)
	r, err := run(t.Context(), Config{
		Address: strings.TrimPrefix(server.URL, "http://"), Rate: 100, Duration: 200 * time.Millisecond, Connections: 1, Timeout: 100 * time.Millisecond,
		Request: func(int) []byte { return Get("/") },
	})
	if err != nil || r.Sent != 20 || r.Errors != 1 || r.Statuses[200] != 19 {
		t.Errorf("%v, %v", r, err)
	}
}

// Whatever pieces an answer comes in, it is whole when the last is there and not before;
// other bytes never panic.
func TestAnswerInPieces(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nX-One: 1\r\n"
	wholes := []struct{ raw, body string }{
		{head + "Content-Length: 5\r\n\r\nhello", "hello"},
		{head + "\r\n", ""},
		{head + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"},
	}
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SampledFrom(wholes).Draw(t, "answer")
		raw := []byte(w.raw)
		damaged := rapid.Bool().Draw(t, "damaged")
		if damaged {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		var r reply
		for len(raw) > 0 {
			n := copy(r.room(), raw[:rapid.IntRange(1, len(raw)).Draw(t, "piece")])
			r.added(n)
			raw = raw[n:]
			a, again, whole, err := r.answer()
			if damaged {
				continue
			}
			if err != nil || whole != (len(raw) == 0) {
				t.Fatalf("%d bytes are left: %v, %v", len(raw), whole, err)
			}
			if whole && (a.Status != 200 || string(a.Body) != w.body || a.Value("x-one") != "1" || !again) {
				t.Fatalf("%d %q", a.Status, a.Body)
			}
		}
	})
}
