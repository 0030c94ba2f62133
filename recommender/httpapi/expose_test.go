package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
	"marquee/recommender/rank"
	"marquee/recommender/trace"
)

// What a list was made from is told with it, if that is wanted, and says what the request
// was.
func TestTraceInputs(t *testing.T) {
	f := serve(t, 30)
	var told []catalog.Exposure
	cfg := httpapi.DefaultConfig()
	cfg.Exposed = func(e catalog.Exposure) { told = append(told, e) }
	for _, wanted := range []bool{false, true} {
		told, cfg.TraceInputs = nil, wanted
		f.handler = httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
		f.get("/recommend/seven")
		if len(told) != 1 || (told[0].Input != nil) != wanted {
			t.Fatalf("wanted %v: told %+v", wanted, told)
		}
	}
	in, err := trace.Unpack(told[0].Input)
	if err != nil {
		t.Fatal(err)
	}
	live, err := f.service.Live()
	if err != nil {
		t.Fatal(err)
	}
	if in.User.ID != "seven" || in.N != 20 || len(in.Watched) != len(in.Seen) || len(in.Scores) != len(told[0].Movies) || in.Kernel != vec.Path() {
		t.Errorf("input %+v", in)
	}
	if in.Rows != live.Snapshot.Movies.Len() || in.Fingerprint != live.State.Fingerprint() {
		t.Errorf("of %d rows, %x; want those of what is live", in.Rows, in.Fingerprint)
	}
	list := live.Snapshot.Recommend(rank.Request{Taste: in.Taste(), User: in.User, N: in.N, Now: in.Now, Adult: in.Adult, Arm: told[0].Arm})
	for i, item := range list.Items {
		if id := live.Snapshot.Movies.IDs[item.Row]; id != told[0].Movies[i].Movie || item.Score != in.Scores[i] {
			t.Errorf("made anew, movie %d is %s with %v, want %s with %v", i, id, item.Score, told[0].Movies[i].Movie, in.Scores[i])
		}
	}
}

// A history that is too long to be kept costs no more than itself.
func TestTraceInputsAreBounded(t *testing.T) {
	f := serve(t, 30)
	f.histories.entries["long"] = history.Entry{Seen: slices.Repeat([]catalog.Seen{{Movie: "movie+05+2000", Rated: true, Rating: 5}}, 40_000)}
	var told []catalog.Exposure
	cfg := httpapi.DefaultConfig()
	cfg.TraceInputs = true
	cfg.Exposed = func(e catalog.Exposure) { told = append(told, e) }
	f.handler = httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	f.get("/recommend/long")
	f.get("/recommend/seven")
	if len(told) != 2 || told[0].Input != nil || len(told[0].Movies) != 20 || told[1].Input == nil {
		t.Errorf("told %d lists, the first with an input of %d bytes; want two, and none of that", len(told), len(told[0].Input))
	}
}

// Every list that was made for a person is told, with the request's own id, and nothing
// else is: neither what is for nobody, nor a list with its reasons, which an operator
// looks at.
func TestExposures(t *testing.T) {
	f := serve(t, 30)
	var told []catalog.Exposure
	cfg := httpapi.DefaultConfig()
	var mu sync.Mutex // those of a batch come at once
	cfg.Exposed = func(e catalog.Exposure) { mu.Lock(); defer mu.Unlock(); told = append(told, e) }
	f.handler = httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()

	before := time.Now()
	w := f.get("/recommend/seven", "X-Request-Id", "r1")
	if len(told) != 1 {
		t.Fatalf("%d lists told, want 1", len(told))
	}
	e := told[0]
	var ids []string
	for _, m := range e.Movies {
		ids = append(ids, string(m.Movie))
		if m.Propensity != 1 || m.Source == "" {
			t.Errorf("movie %+v, want a source and propensity 1", m)
		}
	}
	if strings.Join(ids, ",")+"\n" != w.Body.String() {
		t.Errorf("told %v, answered %s", ids, w.Body)
	}
	if e.RequestID != "r1" || e.User != "seven" || e.Bundle != "0123456789abcdef" || e.Tier != "personal" || e.At.Before(before) {
		t.Errorf("told %+v", e)
	}
	f.get("/recommend/a,b")
	if len(told) != 2 || told[1].User != "" || len(told[1].Movies) != 20 {
		t.Errorf("a request that names nobody: %+v", told[len(told)-1])
	}
	for _, path := range []string{"/similar/movie+05+2000", "/recommend/seven?format=json&explain=1", "/popular", "/health/ready", "/nothing", "/recommend/a,b?format=json"} {
		f.get(path)
	}
	if len(told) != 2 {
		t.Errorf("%d lists told, want those made for a person only", len(told))
	}
	f.get("/recommend/seven?n=3&year=1990..", "Accept", "application/json", "X-Request-Id", "r2")
	if len(told) != 3 || told[2].RequestID != "r2" || told[2].User != "seven" || len(told[2].Movies) != 3 {
		t.Errorf("as JSON: %+v", told[len(told)-1])
	}
	post := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/recommend/batch", strings.NewReader(`{"users":["seven","new"],"n":2}`))
	post.Header.Set("X-Request-Id", "r3")
	f.handler.ServeHTTP(httptest.NewRecorder(), post)
	if len(told) != 5 || told[3].RequestID == told[4].RequestID || !strings.HasPrefix(told[3].RequestID, "r3-") {
		t.Errorf("of a batch: %d told", len(told)-3)
	}
}

// POST /events goes to whoever takes events, and is not there without.
func TestEventsRoute(t *testing.T) {
	f := serve(t, 3)
	post := func(h http.Handler) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/events", strings.NewReader("lines")))
		return w
	}
	if w := post(f.handler); w.Code != http.StatusNotFound {
		t.Errorf("without: %d, want 404", w.Code)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Events = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	h := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	if w := post(h); w.Code != http.StatusOK || w.Body.String() != "lines" {
		t.Errorf("with: %d %q", w.Code, w.Body)
	}
}
