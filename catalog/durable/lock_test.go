package durable_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog/durable"
)

// The second waits until the first gives the lock back, or its context ends.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	unlock, err := durable.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := durable.Lock(ctx, name); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second lock: %v, want it to wait", err)
	}
	unlock()
	again, err := durable.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := durable.Lock(t.Context(), filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a lock in no folder")
	}
}
