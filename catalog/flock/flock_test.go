package flock_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog/flock"
)

// The second waits until the first gives the lock back, or its context ends.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	unlock, err := flock.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := flock.Lock(ctx, name); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second lock: %v, want it to wait", err)
	}
	unlock()
	again, err := flock.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := flock.Lock(t.Context(), filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a lock in no folder")
	}
}
