package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A list that hangs keeps a server from neither other lists nor its end.
func TestHangingListLeavesWorkers(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	first := make(chan struct{}, 1)
	f, _ := slow(t, func(context.Context) {
		select {
		case first <- struct{}{}:
			<-hang
		default:
		}
	}, func(c *httpapi.Config) {
		c.Limits.Concurrent, c.Limits.Answer = 2, 500*time.Millisecond
		c.Warm, c.Grace, c.Drain = 0, 0, 100*time.Millisecond
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- f.server.Serve(ctx, l, nil) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for i, want := range []string{"deadline", "", "", ""} {
		r, err := client.Get("http://" + l.Addr().String() + "/recommend/seven")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if shed := r.Header.Get(httpapi.HeaderShed); r.StatusCode != http.StatusOK || shed != want {
			t.Errorf("call %d: %d, shed %q, want %q", i, r.StatusCode, shed, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// A list that hangs on the goroutine of its caller, who was answered, is no request that
// was cut off at the end; one whose answer has not come is.
func TestHangingAnsweredAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		answer time.Duration
		cut    bool
	}{{20 * time.Millisecond, false}, {time.Minute, true}} {
		hang, made := make(chan struct{}), make(chan struct{}, 1)
		f, slow := slow(t, func(context.Context) { made <- struct{}{}; <-hang }, func(*httpapi.Config) {})
		cfg := httpapi.DefaultConfig()
		cfg.Limits.Answer, cfg.Limits.Wait = c.answer, time.Millisecond
		cfg.Warm, cfg.Grace, cfg.Drain = 0, 0, 100*time.Millisecond
		f.server = httpapi.New(knowingService{slow}, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.server.Serve(ctx, l, nil) }()
		idle, client := dial(t, l), dial(t, l)
		fmt.Fprint(idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := idle.answers.Peek(1); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(client, "GET /recommend/seven HTTP/1.1\r\nHost: x\r\n\r\n")
		<-made
		if !c.cut {
			if _, err := client.answers.Peek(1); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-ended; (err != nil) != c.cut {
			t.Errorf("answer within %v: the server ended with %v", c.answer, err)
		}
		close(hang)
	}
}
