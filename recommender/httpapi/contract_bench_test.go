package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
)

// A memoryStore knows people who watched 20 movies each, of whom nobody is active.
type memoryStore struct{ movies int }

func (s memoryStore) Person(_ context.Context, u catalog.UserID) (catalog.Person, error) {
	first := 0
	fmt.Sscan(string(u), &first)
	p := catalog.Person{User: catalog.User{ID: u, Age: 33}, Known: true}
	for i := range 20 {
		id := catalog.MovieID(fmt.Sprintf("movie+%04d+2000", (first*7+i*31)%s.movies))
		p.Seen = append(p.Seen, catalog.Seen{Movie: id, At: time.Unix(int64(1e9-i*1e5), 0), Rated: true, Rating: float64(1 + i%5)})
	}
	return p, nil
}

func (memoryStore) ActiveSince(_ context.Context, seq int64, _ int) ([]catalog.UserID, int64, error) {
	return nil, seq, nil
}
func (memoryStore) LastActivity(context.Context) (int64, error) { return 0, nil }

// A sink takes an answer as net/http does, and keeps nothing of it.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// worked returns the processor time of the process, which others on the machine lengthen
// less than the time that passes.
func worked(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkContract is a contract call for somebody who is in memory, with exposures and
// what they were made from, and all that stands before and behind the ranking, but for
// what net/http does.
func BenchmarkContract(b *testing.B) {
	const movies, people = 2000, 1000
	cfg := history.DefaultConfig()
	cfg.Fresh = time.Hour
	cache, err := history.New(memoryStore{movies}, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	followed := make(chan error, 1)
	go func() { followed <- cache.Follow(ctx) }()
	defer func() {
		cancel()
		if err := <-followed; !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
	}()
	service := recommender.New(cache, "", time.Now)
	if err := service.Swap(sample(b, movies)); err != nil {
		b.Fatal(err)
	}
	web := httpapi.DefaultConfig()
	web.Log, web.Warm, web.TraceInputs = httpapi.AccessLog{}, 0, true
	shown := 0
	web.Exposed = func(e catalog.Exposure) { shown += len(e.Movies) }
	server := httpapi.New(service, func() recommender.Status { return recommender.Status{} }, httpapi.NewMetrics(), slog.New(slog.DiscardHandler), web)
	handler := server.Handler()
	var requests [people]*http.Request
	for i := range requests {
		target := &url.URL{Path: fmt.Sprintf("/recommend/%d", i)}
		requests[i] = (&http.Request{Method: http.MethodGet, URL: target, RequestURI: target.Path, Header: http.Header{}, RemoteAddr: "127.0.0.1:9"}).WithContext(ctx)
	}
	for known := false; !known; { // the cache looks for the first time
		_, known = cache.Lag()
	}
	for _, r := range requests {
		handler.ServeHTTP(&sink{http.Header{}}, r)
	}
	b.ReportAllocs()
	i, began := 0, worked(b)
	for b.Loop() {
		handler.ServeHTTP(&sink{make(http.Header)}, requests[i%people])
		i++
	}
	b.ReportMetric(float64(worked(b)-began)/float64(b.N), "cpu-ns/op")
	if shown == 0 {
		b.Error("nothing was shown")
	}
}
