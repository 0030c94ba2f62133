package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A tidyLog is a log that may be read while it is written.
type tidyLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *tidyLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *tidyLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *tidyLog) has(what string) bool { return strings.Contains(l.String(), what) }

// hangup sends SIGHUP to this process and returns when it has come. Whoever else listens
// or not, it does not end the tests.
func hangup(t *testing.T) {
	t.Helper()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-caught
}

// SIGHUP does not end a server that has no file of tokens, and one that comes before the
// server looks is not lost.
func TestHangupWithoutTokens(t *testing.T) {
	log := &tidyLog{}
	ctx, cancel := context.WithCancel(t.Context())
	again, stop := hangups()
	defer stop()
	hangup(t)
	done := make(chan error, 1)
	go func() {
		done <- tokenFlags{}.follow(ctx, &env{log: slog.New(slog.NewTextHandler(log, nil))}, nil, again)
	}()
	eventually(t, func() bool { return log.has("SIGHUP") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}
