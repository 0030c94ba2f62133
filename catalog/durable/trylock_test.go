package durable_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"marquee/catalog/durable"
)

// A lock that is held is refused at once with the holder's number, also by Lock, and
// is there to take after it was given back.
func TestTryLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "store.serving")
	unlock, err := durable.TryLock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.TryLock(name); !errors.Is(err, durable.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("a second: %v, want it locked by process %d", err, os.Getpid())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := durable.Lock(ctx, name); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock beside it: %v, want it to wait", err)
	}
	unlock()
	again, err := durable.TryLock(name)
	if err != nil {
		t.Fatalf("given back, it is still refused: %v", err)
	}
	again()
	if _, err := durable.TryLock(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a lock in no folder")
	}
}

// What a process that was killed held is free, whatever it left in the file.
func TestTryLockAfterKill(t *testing.T) {
	if held := os.Getenv("DURABLE_TEST_HOLD"); held != "" {
		if _, err := durable.TryLock(held); err != nil {
			t.Fatal(err)
		}
		fmt.Println("held")
		time.Sleep(time.Minute) // it is killed before, and would leave behind what it made
	}
	name := filepath.Join(t.TempDir(), "store.serving")
	cmd := exec.Command(os.Args[0], "-test.run=^TestTryLockAfterKill$")
	cmd.Env = append(os.Environ(), "DURABLE_TEST_HOLD="+name)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	want := fmt.Sprintf("process %d", cmd.Process.Pid)
	if _, err := durable.TryLock(name); !errors.Is(err, durable.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("while it runs: %v, want it locked by %s", err, want)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	unlock, err := durable.TryLock(name)
	if err != nil {
		t.Fatalf("after kill -9: %v", err)
	}
	unlock()
}
