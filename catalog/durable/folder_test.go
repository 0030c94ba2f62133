package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"marquee/catalog/durable"
)

// Others may read a folder that was made.
func TestMkdirTemp(t *testing.T) {
	name, err := durable.MkdirTemp(t.TempDir(), ".draft-")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v; want 0755", info.Mode(), err)
	}
	if err := durable.SyncDir(name); err != nil {
		t.Error(err)
	}
	if err := durable.SyncDir(filepath.Join(name, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

var errDisk = errors.New("disk on fire")

// A file fails at one step, and tells which were taken.
type file struct {
	fail  string
	steps []string
}

func (f *file) step(name string) error {
	f.steps = append(f.steps, name)
	if name == f.fail {
		return errDisk
	}
	return nil
}

func (f *file) Write(data []byte) (int, error) { return len(data), f.step("write") }
func (f *file) Sync() error                    { return f.step("sync") }
func (f *file) Close() error                   { return f.step("close") }

// A file is closed whatever fails, not synced after a write that failed, and no
// error is lost.
func TestWriteAll(t *testing.T) {
	for fail, want := range map[string][]string{
		"": {"write", "sync", "close"}, "write": {"write", "close"}, "sync": {"write", "sync", "close"}, "close": {"write", "sync", "close"},
	} {
		f := &file{fail: fail}
		if err := durable.WriteAll(f, []byte("x")); errors.Is(err, errDisk) != (fail != "") || !slices.Equal(f.steps, want) {
			t.Errorf("%q fails: %v after %v, want %v", fail, err, f.steps, want)
		}
	}
}
