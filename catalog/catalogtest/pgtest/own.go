package pgtest

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// A Server is a PostgreSQL of one test alone, which may crash it. What it has
// answered for outlives a crash.
type Server struct{ server *server }

// Start starts a server for t and stops it when t ends. Without PostgreSQL t is
// skipped, or fails if CI=true; with -short it is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	skipShort(t)
	s, err := start(lasting())
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no PostgreSQL, and CI=true wants one: %v", err)
		}
		t.Skipf("SKIPPED, NOT PROVED ON POSTGRESQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return &Server{s}
}

// DSN returns the postgres:// URL of the database that every server has. It
// stays the same after a crash.
func (s *Server) DSN() string { return s.server.url().String() }

// Crash ends the server at once, as pg_ctl stop -m immediate does: no checkpoint,
// connections cut. The next start recovers from the log.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.server.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatalf("crash PostgreSQL: %v", err)
	}
	select {
	case <-s.server.exited:
		s.server.cmd = nil
	case <-time.After(startWithin):
		t.Fatalf("PostgreSQL did not end within %v of SIGQUIT", startWithin)
	}
}

// Restart starts a server that was crashed, and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	if err := s.server.launch(ctx); err != nil {
		t.Fatalf("restart PostgreSQL: %v", err)
	}
}
