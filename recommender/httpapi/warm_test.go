package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/httpapi"
)

// A server that comes up makes lists before it is ready, which nobody is told of.
func TestWarm(t *testing.T) {
	var told, made atomic.Int64
	warm := make(chan struct{})
	f, _ := slow(t, func(context.Context) {
		if made.Add(1) <= 20 {
			<-warm
		}
	}, func(c *httpapi.Config) {
		c.Warm, c.Grace = 20, time.Millisecond
		c.Exposed = func(catalog.Exposure) { told.Add(1) }
	})
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.server.Serve(ctx, public, nil) }()
	status := func(path string) int {
		res, err := http.Get("http://" + public.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for made.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if live, startup, ready := status("/health/live"), status("/health/startup"), status("/health/ready"); live != 200 || startup != 503 || ready != 503 {
		t.Errorf("while it warms up: live %d, startup %d, ready %d; want 200, 503, 503", live, startup, ready)
	}
	close(warm)
	for status("/health/ready") != 200 {
		time.Sleep(time.Millisecond)
	}
	if made.Load() != 20 || told.Load() != 0 || status("/health/startup") != 200 {
		t.Errorf("%d lists were made and %d told, want 20 and none", made.Load(), told.Load())
	}
	if status("/recommend/seven") != 200 || told.Load() != 1 {
		t.Errorf("%d lists told, want the one that was asked for", told.Load())
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
