package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"marquee/recommender"
	"marquee/recommender/httpapi"
)

// A line is one kept connection of a client.
type line struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, l net.Listener) *line {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &line{conn, bufio.NewReader(conn)}
}

// ask asks for a list, and returns the status.
func (l *line) ask() (int, error) {
	if _, err := fmt.Fprint(l, "GET /recommend/seven HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(l.answers, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return res.StatusCode, nil
}

// Idle connections make room for new ones.
func TestConnectionsAreBounded(t *testing.T) {
	f := serve(t, 30)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Connections, cfg.Grace, cfg.Warm = 3, 0, 0
	server := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, l, nil) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var lines []*line
	for i := range 10 {
		next := dial(t, l)
		if status, err := next.ask(); status != 200 || err != nil {
			t.Fatalf("connection %d: %d, %v", i, status, err)
		}
		lines = append(lines, next)
	}
	kept := 0
	for i, l := range lines {
		status, err := l.ask()
		switch {
		case err == nil && status == 200:
			kept++
		case err == nil || i == len(lines)-1:
			t.Errorf("connection %d of 10: %d, %v; want 200, or closed and not the last", i, status, err)
		}
	}
	if kept != cfg.Connections {
		t.Errorf("%d connections are kept, want %d", kept, cfg.Connections)
	}
}

// A halfCloser notes that its connections were closed for writing.
type halfCloser struct {
	net.Listener
	closed chan struct{}
}

type halfClosed struct {
	*net.TCPConn
	closed chan struct{}
}

func (l halfCloser) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return halfClosed{conn.(*net.TCPConn), l.closed}, nil
}

func (c halfClosed) CloseWrite() error {
	c.closed <- struct{}{}
	return c.TCPConn.CloseWrite()
}

// Who sends too much of a header is told at once where the answer ends.
func TestRefusedEarly(t *testing.T) {
	f := serve(t, 30)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Grace, cfg.Warm = 0, 0
	server := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended, closed := make(chan error), make(chan struct{}, 1)
	go func() { ended <- server.Serve(ctx, halfCloser{l, closed}, nil) }()
	client := dial(t, l)
	fmt.Fprintf(client, "GET /recommend/seven HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 2*cfg.HeaderBytes))
	res, err := http.ReadResponse(client.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d, %v; want 431 to its end", res.StatusCode, err)
	}
	res.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(closed) == 0 {
		t.Error("the connection was closed as a whole only")
	}
}

// A body that is announced and does not come keeps no answer of a GET back.
func TestBodyThatDoesNotCome(t *testing.T) {
	f := serve(t, 30)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Grace, cfg.Warm, cfg.ReadTimeout = 0, 0, 10*time.Second
	server := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, l, nil) }()
	for _, path := range []string{"/recommend/seven", "/recommend/a,b", "/recommend/seven?format=json", "/popular?n=100", "/health/live"} {
		for _, announced := range []string{"Content-Length: 5", "Content-Length: 1000000000", "Transfer-Encoding: chunked"} {
			client := dial(t, l)
			client.SetDeadline(time.Now().Add(3 * time.Second))
			fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", path, announced)
			res, err := http.ReadResponse(client.answers, nil)
			if err != nil {
				t.Errorf("%s with %s: %v", path, announced, err)
				client.Close()
				continue
			}
			if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || len(body) == 0 || !res.Close {
				t.Errorf("%s with %s: %d, %q, %v, closed: %v; want an answer, the last of its connection", path, announced, res.StatusCode, body, err, res.Close)
			}
			res.Body.Close()
			client.Close()
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A fewFiles listens in a process that may open so many files.
type fewFiles struct {
	net.Listener
	files chan struct{}
}

type openFile struct {
	net.Conn
	close func()
}

func (l fewFiles) Accept() (net.Conn, error) {
	select {
	case l.files <- struct{}{}:
	default:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.files
		return nil, err
	}
	return openFile{conn, sync.OnceFunc(func() { <-l.files })}, nil
}

func (c openFile) Close() error {
	defer c.close()
	return c.Conn.Close()
}

// Idle connections make room for new ones too where files run out before places do.
func TestConnectionsWithFewFiles(t *testing.T) {
	f := serve(t, 30)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Grace, cfg.Warm = 0, 0
	server := httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, fewFiles{l, make(chan struct{}, 3)}, nil) }()
	for i := range 8 {
		if status, err := dial(t, l).ask(); status != 200 || err != nil {
			t.Errorf("connection %d: %d, %v", i, status, err)
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
