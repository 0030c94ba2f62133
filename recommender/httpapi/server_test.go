package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
	"marquee/recommender/rank"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample returns a bundle of n movies on a half circle: each is nearest to the
// ones beside it. Movie 3 is adult.
func sample(t testing.TB, n int) *bundle.Bundle {
	t.Helper()
	var movies []catalog.Movie
	var vecs []float32
	digits := max(2, len(strconv.Itoa(n-1)))
	for i := range n {
		movies = append(movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("movie+%0*d+2000", digits, i)), Title: fmt.Sprintf("Movie %d", i), Year: 2000, Adult: i == 3})
		x := 1 - float32(i)/float32(n)
		vecs = append(vecs, x, float32(i)/float32(n))
	}
	for i := range n {
		v := vecs[2*i : 2*i+2]
		norm := v[0]*v[0] + v[1]*v[1]
		s := float32(1)
		for range 20 {
			s = (s + norm/s) / 2
		}
		v[0], v[1] = v[0]/s, v[1]/s
	}
	rows, err := rank.NewMovies(movies)
	if err != nil {
		t.Fatal(err)
	}
	table, err := indexer.Neighbours(t.Context(), vecs, 2, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := rank.NewStats(movies, rows, func(func(catalog.UserSeen, error) bool) {}, catalog.Scale5, rank.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	h := &bundle.Histories{}
	h.Add("seven", rank.Taste{Watched: []rank.Watched{{Row: 5, Preference: 50}}})
	return &bundle.Bundle{
		Manifest: bundle.Manifest{ID: "0123456789abcdef", DataVersion: "data1", Sequence: 41, Scale: catalog.Scale5, Ranking: rank.DefaultConfig(), Embedder: embedder.ID{Dims: 2}},
		Movies:   rows, Vectors: vecs, Table: table, Stats: stats, Histories: h,
	}
}

// histories are those of a store that may be away.
type histories struct {
	entries map[catalog.UserID]history.Entry
	stale   bool
	err     error
	panics  bool
	gate    chan struct{} // if not nil, told when a question came and asked when to answer
}

func (h *histories) Of(_ context.Context, u catalog.UserID) (history.Entry, bool, error) {
	if h.panics {
		panic("rotten")
	}
	if h.gate != nil {
		h.gate <- struct{}{}
		<-h.gate
	}
	return h.entries[u], !h.stale, h.err
}

// A fixture is a server over a sample bundle.
type fixture struct {
	histories *histories
	service   *recommender.Service
	metrics   *httpapi.Metrics
	server    *httpapi.Server
	log       *bytes.Buffer
	handler   http.Handler
}

func serve(t testing.TB, movies int) *fixture {
	t.Helper()
	f := &fixture{
		histories: &histories{entries: map[catalog.UserID]history.Entry{"seven": {Seen: []catalog.Seen{{Movie: "movie+05+2000", Rated: true, Rating: 5}}}}},
		metrics:   httpapi.NewMetrics(),
		log:       &bytes.Buffer{},
	}
	f.service = recommender.New(f.histories, "", time.Now)
	if movies > 0 {
		if err := f.service.Swap(sample(t, movies)); err != nil {
			t.Fatal(err)
		}
	}
	cfg := httpapi.DefaultConfig()
	cfg.Log.Share, cfg.Warm = 1, 0
	cfg.Tokens = scopes{"reader": httpapi.ScopeRead, "writer": httpapi.ScopeWrite}
	status := func() recommender.Status { return recommender.Status{Live: "0123456789abcdef", Swaps: 1} }
	f.server = httpapi.New(f.service, status, f.metrics, slog.New(slog.NewJSONHandler(f.log, nil)), cfg)
	f.handler = f.server.Handler()
	return f
}

func (f *fixture) get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	if u, err := url.ParseRequestURI(path); err == nil {
		r.URL = u
	} else { // nothing a client library would send: hand it on as it is
		r.URL.Path = path
	}
	r.RequestURI = path
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// checkLine checks an answer of the contract: one line of at most 20 distinct,
// known ids, and none of them among not.
func checkLine(t *testing.T, w *httptest.ResponseRecorder, not ...string) []string {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d, want 200: %s", w.Code, w.Body)
	}
	if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/plain") {
		t.Errorf("content type %q, want text/plain", ct)
	}
	body := w.Body.String()
	if strings.Count(body, "\n") != 1 || !strings.HasSuffix(body, "\n") || strings.ContainsAny(body, " \r") {
		t.Fatalf("answer %q, want one line without blanks", body)
	}
	ids := strings.Split(strings.TrimSuffix(body, "\n"), ",")
	if len(ids) > 20 {
		t.Errorf("%d ids, want at most 20", len(ids))
	}
	seen := map[string]bool{}
	for _, id := range not {
		seen[id] = true
	}
	for _, id := range ids {
		if seen[id] || !strings.HasPrefix(id, "movie+") {
			t.Errorf("id %q is unknown, watched or stands twice in %q", id, body)
		}
		seen[id] = true
	}
	return ids
}

func TestContractCall(t *testing.T) {
	f := serve(t, 30)
	w := f.get("/recommend/seven")
	ids := checkLine(t, w, "movie+05+2000", "movie+03+2000")
	if len(ids) != 20 || ids[0] != "movie+06+2000" && ids[0] != "movie+04+2000" {
		t.Errorf("%d ids, the first %s; want 20, a neighbour of movie 5 first", len(ids), ids[0])
	}
	for name, want := range map[string]string{
		httpapi.HeaderBundle: "0123456789abcdef", httpapi.HeaderData: "data1", httpapi.HeaderTier: "personal", httpapi.HeaderHistory: "fresh",
		httpapi.HeaderSequence: "41",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if w.Header().Get(httpapi.HeaderRequestID) == "" {
		t.Error("no request id")
	}
}

// The sequence number tells which movies that came after the build were there.
func TestSequence(t *testing.T) {
	f := serve(t, 30)
	live, err := f.service.Live()
	if err != nil {
		t.Fatal(err)
	}
	f.service.Extend(live.Bundle, live.State, 42)
	for _, path := range []string{"/recommend/seven?format=json", "/similar/movie+05+2000"} {
		w := f.get(path)
		var got struct{ Sequence int64 }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Sequence != 42 || w.Header().Get(httpapi.HeaderSequence) != "42" {
			t.Errorf("%s: sequence %d, header %q, %v; want 42", path, got.Sequence, w.Header().Get(httpapi.HeaderSequence), err)
		}
	}
}

// Whatever the request looks like, a plain call gets a list.
func TestContractCallAlwaysAnswers(t *testing.T) {
	f := serve(t, 30)
	for _, path := range []string{
		"/recommend/unknown", "/recommend/99999999999999999999", "/recommend/", "/recommend", "/recommend/a,b", "/recommend/a%20b",
		"/recommend/a/b", "/recommend//", "/recommend/%ff", "/recommend/%zz", "/recommend/..", "/recommend/" + strings.Repeat("x", 5000),
		"/recommend/7?n=1&whatever=2", "/recommend/%00", "/recommend/ünïcode", "/recommend/7/", "/recommend/7?format=xml", "/recommendation/7",
	} {
		checkLine(t, f.get(path))
	}
}

func TestContractCallOfATinyCatalog(t *testing.T) {
	f := serve(t, 1)
	if ids := checkLine(t, f.get("/recommend/1")); len(ids) != 1 {
		t.Errorf("ids %v, want the one movie", ids)
	}
	f.histories.entries["1"] = history.Entry{Seen: []catalog.Seen{{Movie: "movie+00+2000"}}}
	if w := f.get("/recommend/1"); w.Code != 200 || w.Body.String() != "\n" {
		t.Errorf("everything watched: %d %q, want an empty line", w.Code, w.Body)
	}
}

// Without the store the bundle's own history keeps what was watched out.
func TestStoreAway(t *testing.T) {
	f := serve(t, 30)
	f.histories.err, f.histories.stale = catalog.ErrUnavailable, true
	w := f.get("/recommend/seven")
	checkLine(t, w, "movie+05+2000", "movie+03+2000")
	if got := w.Header().Get(httpapi.HeaderHistory); got != "stale" {
		t.Errorf("history is %q, want stale", got)
	}
	if got := w.Header().Get(httpapi.HeaderTier); got != "personal" {
		t.Errorf("tier is %q, want personal, from the bundle's history", got)
	}
	checkLine(t, f.get("/recommend/nobody"))
}

func TestPanicStillAnswers(t *testing.T) {
	f := serve(t, 30)
	f.histories.panics = true
	checkLine(t, f.get("/recommend/seven"))
	if w := f.get("/recommend/seven", "Accept", "application/json"); w.Code != 500 || strings.Contains(w.Body.String(), "rotten") {
		t.Errorf("JSON after a panic: %d %s, want a 500 that tells nothing", w.Code, w.Body)
	}
	if !strings.Contains(f.log.String(), "rotten") {
		t.Error("the panic is not in the log")
	}
}

// minors never see adult movies, adults may.
func TestMinors(t *testing.T) {
	f := serve(t, 10)
	f.histories.entries["kid"] = history.Entry{User: catalog.User{Age: 12}, Known: true}
	f.histories.entries["grown"] = history.Entry{User: catalog.User{Age: 40}, Known: true}
	if body := f.get("/recommend/kid").Body.String(); strings.Contains(body, "movie+03") {
		t.Errorf("a minor got an adult movie: %s", body)
	}
	if body := f.get("/recommend/grown").Body.String(); !strings.Contains(body, "movie+03") {
		t.Errorf("an adult did not get the adult movie of a catalog of 10: %s", body)
	}
}

type answer struct {
	User        string `json:"user"`
	Tier        string `json:"tier"`
	History     string `json:"history"`
	Watched     int    `json:"watched"`
	Bundle      string `json:"bundle"`
	DataVersion string `json:"data_version"`
	RequestID   string `json:"request_id"`
	Error       string `json:"error"`
	Items       []item `json:"items"`
}

type item struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Score   float64  `json:"score"`
	Sources []string `json:"sources"`
	Because []struct {
		ID         string  `json:"id"`
		Similarity float64 `json:"similarity"`
	} `json:"because"`
}

func decode(t *testing.T, w *httptest.ResponseRecorder, status int) answer {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %s: %v", w.Body, err)
	}
	return a
}

func TestJSON(t *testing.T) {
	f := serve(t, 30)
	a := decode(t, f.get("/recommend/seven?n=5", "Accept", "application/json", httpapi.HeaderRequestID, "my-id_1"), 200)
	if a.User != "seven" || a.Tier != "personal" || a.History != "fresh" || a.Watched != 1 || a.Bundle != "0123456789abcdef" || a.DataVersion != "data1" || a.RequestID != "my-id_1" {
		t.Errorf("provenance %+v", a)
	}
	if len(a.Items) != 5 || a.Items[0].Because != nil {
		t.Errorf("items %+v, want 5, and no reasons, which nobody asked for", a.Items)
	}
	plain := checkLine(t, f.get("/recommend/seven"))
	for i, item := range a.Items {
		if plain[i] != item.ID {
			t.Errorf("place %d is %s in JSON and %s in the plain line", i, item.ID, plain[i])
		}
	}
	if b := decode(t, f.get("/recommend/seven?format=json"), 200); len(b.Items) != 20 {
		t.Errorf("%d items with format=json, want 20", len(b.Items))
	}
	for _, path := range []string{"/recommend/seven?format=json&n=0", "/recommend/seven?format=json&n=101", "/recommend/seven?format=json&m=3", "/recommend/a,b?format=json", "/recommend/?format=json"} {
		if a := decode(t, f.get(path), 400); a.Error == "" || a.RequestID == "" {
			t.Errorf("%s: %+v, want an error and the request's id", path, a)
		}
	}
	if a := decode(t, f.get("/recommend/seven?format=json", httpapi.HeaderRequestID, "bad id\x7f"), 200); a.RequestID == "bad id\x7f" {
		t.Error("an id with blanks was taken over")
	}
}

// Only who prefers JSON gets it: a JSON list counts as a failure of the contract.
func TestAccept(t *testing.T) {
	f := serve(t, 30)
	for accept, json := range map[string]bool{
		"": false, "*/*": false, "text/plain": false, "application/json": true, "application/json; charset=utf-8": true, "APPLICATION/JSON": true,
		"application/json, */*": true, "application/json, text/plain, */*": false, "text/plain, application/json;q=0.1": false,
		"application/json;q=0, text/plain": false, "application/json;q=0.9, text/plain;q=0.5": true, "application/json;q=x": false,
		"text/html,application/xhtml+xml,*/*;q=0.8": false, "application/json;q=0.5, */*": false,
	} {
		w := f.get("/recommend/seven", "Accept", accept)
		if got := strings.HasPrefix(w.Header().Get("Content-Type"), "application/json"); got != json {
			t.Errorf("Accept %q: JSON is %v, want %v", accept, got, json)
		}
	}
}

func TestSimilar(t *testing.T) {
	f := serve(t, 30)
	a := decode(t, f.get("/similar/movie+05+2000?n=3"), 200)
	if len(a.Items) != 3 || a.Items[0].ID != "movie+06+2000" && a.Items[0].ID != "movie+04+2000" {
		t.Errorf("items %+v, want 3, one beside movie 5 first", a.Items)
	}
	decode(t, f.get("/similar/nothing"), 404)
	decode(t, f.get("/similar/a%20b"), 400)
	decode(t, f.get("/similar/movie+05+2000?n=x"), 400)
	decode(t, f.get("/nowhere"), 404)
	r := httptest.NewRequest(http.MethodDelete, "/similar/movie+05+2000", nil)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	decode(t, w, 405)
}

func TestProbes(t *testing.T) {
	f := serve(t, 0)
	if w := f.get("/health/live"); w.Code != 200 {
		t.Errorf("live without a bundle: %d", w.Code)
	}
	for _, path := range []string{"/health/ready", "/health/startup", "/recommend/7", "/similar/x"} {
		if w := f.get(path); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s without a bundle: %d, want 503 with Retry-After", path, w.Code)
		}
	}
	if err := f.service.Swap(sample(t, 5)); err != nil {
		t.Fatal(err)
	}
	f.histories.err = catalog.ErrUnavailable // no matter to the probes
	for _, path := range []string{"/health/live", "/health/ready", "/health/startup"} {
		if w := f.get(path); w.Code != 200 {
			t.Errorf("%s with a bundle: %d", path, w.Code)
		}
	}
}

func TestMetricsAndLog(t *testing.T) {
	f := serve(t, 30)
	f.get("/recommend/seven")
	f.get("/recommend/")
	f.get("/similar/nothing")
	w := httptest.NewRecorder()
	f.server.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`marquee_http_requests_total{route="recommend",status="2xx"} 2`, `marquee_http_requests_total{route="similar",status="4xx"} 1`,
		`marquee_lists_total{arm="content-ratings-popularity",tier="personal"} 1`, `marquee_malformed_requests_total 1`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(f.log.String(), "\n", 2)[0]), &line); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"request", "route", "path", "status", "took", "bundle", "data", "tier", "history"} {
		if _, ok := line[key]; !ok {
			t.Errorf("no %s in the log line %v", key, line)
		}
	}
	if w := f.get("/metrics"); w.Code != 404 {
		t.Errorf("the public listener shows metrics: %d", w.Code)
	}
}

func TestAdminBundle(t *testing.T) {
	f := serve(t, 5)
	w := httptest.NewRecorder()
	f.server.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/admin/bundle", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"data_version":"data1"`) || !strings.Contains(w.Body.String(), `"swaps":1`) {
		t.Errorf("%d %s, want manifest and status", w.Code, w.Body)
	}
}

// At the end a request under way is answered, and new ones are not taken.
func TestGracefulEnd(t *testing.T) {
	f := serve(t, 30)
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.server.Serve(ctx, public, nil) }()
	f.histories.gate = make(chan struct{})
	answered := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + public.Addr().String() + "/recommend/seven")
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answered <- res.Status + " " + string(body)
	}()
	<-f.histories.gate // the request is under way
	cancel()
	for { // until the listener is closed, as its port tells
		conn, err := net.Dial("tcp", public.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(5 * time.Millisecond)
	}
	f.histories.gate <- struct{}{}
	if got := <-answered; !strings.HasPrefix(got, "200 OK movie+") {
		t.Errorf("a request under way at the end got %q, want its list", got)
	}
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestPortInUse(t *testing.T) {
	f := serve(t, 5)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := f.server.Serve(t.Context(), l, nil); err == nil || errors.Is(err, http.ErrServerClosed) {
		t.Errorf("serving on a closed port: %v, want an error", err)
	}
}

func BenchmarkContractCall(b *testing.B) {
	f := serve(b, 2000)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/recommend/seven", nil))
	}
}
