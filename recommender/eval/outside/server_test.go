package outside_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/eval/outside"
)

// serve answers as the contract says, with popularity's lists for what history
// returns.
func serve(t *testing.T, s *eval.Split, history func(i int) []eval.Seen, header bool) *httptest.Server {
	t.Helper()
	popular := eval.Popularity(s.Train)
	at := make(map[string]int)
	for i, u := range s.Train.Users {
		at[string(u.User)] = i
	}
	return listen(t, func(w http.ResponseWriter, r *http.Request) {
		user := strings.TrimPrefix(r.URL.Path, "/recommend/")
		seen := history(at[user])
		list, err := popular.List(r.Context(), catalog.UserID(user), seen, 20)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if header {
			w.Header().Set("X-Marquee-History", "fresh")
			w.Header().Set("X-Marquee-Watched", fmt.Sprint(len(seen)))
			w.Header().Set("X-Marquee-Tier", "personal")
		}
		var ids []string
		for _, row := range list {
			ids = append(ids, string(s.Train.Movies[row]))
		}
		fmt.Fprintln(w, strings.Join(ids, ","))
	})
}

func listen(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, s *eval.Split, url string, change func(*outside.ServerConfig)) *outside.Server {
	t.Helper()
	c := outside.DefaultServerConfig(url)
	if change != nil {
		change(&c)
	}
	out, err := outside.NewServer("server", s, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	return out
}

func trainOf(s *eval.Split) func(i int) []eval.Seen {
	return func(i int) []eval.Seen { return s.Train.Users[i].Seen }
}

func allOf(s *eval.Split) func(i int) []eval.Seen {
	return func(i int) []eval.Seen {
		return append(append([]eval.Seen(nil), s.Train.Users[i].Seen...), s.Truth[i]...)
	}
}

func TestServerIsJudgedLikeTheModelBehindIt(t *testing.T) {
	s := world(t, 80, 120)
	server := ask(t, s, serve(t, s, trainOf(s), true).URL+"/", nil)
	if err := server.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := eval.Run(t.Context(), s, []eval.Model{eval.Popularity(s.Train), server.Model()}, eval.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := report.Metric("popularity", "ndcg@20")
	if got, _ := report.Metric("server", "ndcg@20"); got != want || got.Value == 0 {
		t.Errorf("ndcg@20 is %v, want %v", got, want)
	}
	if got := server.Warnings(); len(got) > 0 {
		t.Errorf("warnings are %q", got)
	}
	if c := server.Counts(); c.Asked != 160 || c.Lists != 160 {
		t.Errorf("counts are %+v, want 80 checked and 80 judged", c)
	}
}

func TestServerThatKnowsTheTruth(t *testing.T) {
	s := world(t, 80, 120)
	for _, says := range []bool{true, false} {
		server := ask(t, s, serve(t, s, allOf(s), says).URL, nil)
		err := server.Check(t.Context())
		if !errors.Is(err, outside.ErrKnows) || !strings.Contains(err.Error(), "train.tsv") {
			t.Errorf("says=%t: error is %v, want ErrKnows that says what to load", says, err)
		}
		_, err = eval.Run(t.Context(), s, []eval.Model{server.Model()}, eval.DefaultConfig())
		if says != errors.Is(err, outside.ErrKnows) {
			t.Errorf("says=%t: judged with %v", says, err)
		}
	}
}

func TestServerThatSaysInJSONThatItKnows(t *testing.T) {
	s := world(t, 30, 120)
	server := ask(t, s, listen(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Marquee-Bundle", "b")
		if r.URL.Query().Get("format") == "json" {
			fmt.Fprint(w, `{"watched":9999}`)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintln(w, "m0001")
	}).URL, nil)
	if err := server.Check(t.Context()); !errors.Is(err, outside.ErrKnows) {
		t.Errorf("error is %v", err)
	}
}

// A few people prove nothing, and neither does a truth that popularity misses.
func TestCheckDoesNotGuess(t *testing.T) {
	s := world(t, 80, 120)
	server := ask(t, s, serve(t, s, allOf(s), false).URL, func(c *outside.ServerConfig) { c.CheckPeople = 3 })
	if err := server.Check(t.Context()); err != nil {
		t.Errorf("three people: %v", err)
	}
}

func TestServerFaults(t *testing.T) {
	s := world(t, 40, 120)
	plain := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, body)
		}
	}
	for _, c := range []struct {
		kind   string
		answer http.HandlerFunc
	}{
		{"timeout", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"connection", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
		{"status", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "m0001", http.StatusTeapot) }},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}},
		{"type", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `["m0001"]`)
		}},
		{"length", plain(strings.Repeat("m0001,", 20_000))},
		{"format", plain("m0001\nm0002\n")},
		{"format", plain("m0001, m0002\n")},
		{"format", plain(`["m0001","m0002"]` + "\n")},
		{"format", plain("<html>")},
		{"format", plain("\x00\xff")},
	} {
		server := ask(t, s, listen(t, c.answer).URL, func(c *outside.ServerConfig) { c.Timeout = 20 * time.Millisecond })
		err := server.Check(t.Context())
		if !errors.Is(err, outside.ErrServer) || !strings.Contains(err.Error(), " by "+c.kind) {
			t.Errorf("%s: error is %v", c.kind, err)
		}
	}
	gone := listen(t, plain("m0001"))
	server := ask(t, s, gone.URL, nil)
	gone.Close()
	if err := server.Check(t.Context()); !errors.Is(err, outside.ErrServer) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := ask(t, s, listen(t, plain("x,y\n")).URL, nil).Check(t.Context()); !errors.Is(err, outside.ErrServer) || !strings.Contains(err.Error(), "same ids") {
		t.Errorf("other ids: %v", err)
	}
}

func TestSomeFaultsAreCountedAndRetried(t *testing.T) {
	s := world(t, 80, 120)
	inner := serve(t, s, trainOf(s), false)
	var calls atomic.Int64
	outer := listen(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if strings.HasSuffix(r.URL.Path, "7") {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		inner.Config.Handler.ServeHTTP(w, r)
	})
	server := ask(t, s, outer.URL, nil)
	if _, err := eval.Run(t.Context(), s, []eval.Model{server.Model()}, eval.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	if c := server.Counts(); c.Lists != 72 || c.Faults["status"] != 8 || calls.Load() != 80 {
		t.Errorf("counts are %+v of %d calls", c, calls.Load())
	}
	if w := server.Warnings(); len(w) != 1 || !strings.Contains(w[0], "8 of 80") || !strings.Contains(w[0], "503") {
		t.Errorf("warnings are %q", w)
	}

	var first atomic.Bool
	flaky := listen(t, func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			panic(http.ErrAbortHandler)
		}
		inner.Config.Handler.ServeHTTP(w, r)
	})
	server = ask(t, s, flaky.URL, func(c *outside.ServerConfig) { c.Retries = 1; c.Concurrency = 1 })
	if list, err := server.Model().List(t.Context(), s.Train.Users[0].User, s.Train.Users[0].Seen, 20); err != nil || len(list) != 20 {
		t.Errorf("after one answer lost: %v, %v", list, err)
	}
}

func TestServerBoundsItsRequestsAndStops(t *testing.T) {
	s := world(t, 60, 120)
	inner := serve(t, s, trainOf(s), false)
	var now, most atomic.Int64
	server := ask(t, s, listen(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		inner.Config.Handler.ServeHTTP(w, r)
	}).URL, func(c *outside.ServerConfig) { c.Concurrency = 2 })
	cfg := eval.DefaultConfig()
	cfg.Workers = 16
	if _, err := eval.Run(t.Context(), s, []eval.Model{server.Model()}, cfg); err != nil || most.Load() > 2 {
		t.Errorf("%d requests at once, %v; want at most 2", most.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was cancelled: %v", err)
	}
}

func TestServerLoadedWithSomethingElse(t *testing.T) {
	s := world(t, 60, 120)
	server := ask(t, s, serve(t, s, func(int) []eval.Seen { return nil }, true).URL, nil)
	if _, err := eval.Run(t.Context(), s, []eval.Model{server.Model()}, eval.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	if w := server.Warnings(); len(w) != 1 || !strings.Contains(w[0], "knows no history") {
		t.Errorf("warnings are %q", w)
	}
}

func TestServerConfig(t *testing.T) {
	bad := outside.ServerConfig{URL: "localhost:8082", Retries: 3}
	err := bad.Validate()
	for _, text := range []string{"url", "timeout", "concurrency", "retries", "bytes", "faults", "people"} {
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v does not tell of %s", err, text)
		}
	}
	if _, err := outside.NewServer("x", world(t, 2, 20), bad); !errors.Is(err, catalog.ErrInvalid) {
		t.Error(err)
	}
}
