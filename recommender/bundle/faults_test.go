package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"marquee/catalog"
	"marquee/catalog/durable"
)

// A faulty disk lets one step fail, or all that would write beyond a number of bytes.
// What is written when it fails is torn.
type faulty struct {
	fail  int // the step that fails, from 1; 0: none
	room  int // bytes that the disk takes; negative: any
	steps int
}

var errFull = fmt.Errorf("write: %w", syscall.ENOSPC)

func (d *faulty) step() error {
	if d.steps++; d.steps == d.fail {
		return errDisk
	}
	return nil
}

// take returns how many of n bytes there is room for.
func (d *faulty) take(n int) int {
	if d.room < 0 {
		return n
	}
	taken := min(n, d.room)
	d.room -= taken
	return taken
}

func (d *faulty) MkdirTemp(dir, pattern string) (string, error) {
	if err := d.step(); err != nil {
		return "", err
	}
	return unsynced{}.MkdirTemp(dir, pattern)
}

func (d *faulty) WriteFile(name string, data []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	return durable.WriteAll(f, data)
}

func (d *faulty) SyncDir(string) error { return d.step() }

func (d *faulty) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// RemoveAll removes half when it fails.
func (d *faulty) RemoveAll(name string) error {
	if _, err := os.Lstat(name); err != nil {
		return nil //nolint:nilerr // nothing to do, so nothing to fail
	}
	if err := d.step(); err != nil {
		if list, _ := os.ReadDir(name); len(list) > 0 {
			_ = os.RemoveAll(name + "/" + list[0].Name())
		}
		return err
	}
	return os.RemoveAll(name)
}

func (d *faulty) Link(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return os.Link(from, to)
}

func (d *faulty) Create(name string) (durable.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := os.Create(name)
	return &faultyFile{f, d}, err
}

type faultyFile struct {
	file *os.File
	disk *faulty
}

func (f *faultyFile) Write(data []byte) (int, error) {
	room := f.disk.take(len(data))
	err := f.disk.step()
	if err != nil {
		room /= 2
	}
	n, werr := f.file.Write(data[:room])
	if room < len(data) && err == nil {
		err = errFull
	}
	return n, errors.Join(err, werr)
}

func (f *faultyFile) Sync() error  { return f.disk.step() }
func (f *faultyFile) Close() error { return errors.Join(f.file.Close(), f.disk.step()) }

// An operation changes a shelf on which the first three of five bundles stand,
// published in their order. It must go well when it is called again after it failed.
type operation struct {
	run  func(s *Shelf) error
	live int // which bundle is live when it went well
}

// operations returns all there are, and the IDs of the bundles. from holds all five.
func operations(t *testing.T, from *Shelf, ids []string) map[string]operation {
	archive := exported(t, from, ids[3])
	return map[string]operation{
		"put and publish": {func(s *Shelf) error {
			m, err := s.Put(t.Context(), variant(t, 4))
			if err != nil {
				return err
			}
			return s.Publish(t.Context(), Publication{ID: m.ID})
		}, 3},
		"import and publish": {func(s *Shelf) error {
			m, err := s.Import(t.Context(), bytes.NewReader(archive))
			if err != nil {
				return err
			}
			return s.Publish(t.Context(), Publication{ID: m.ID})
		}, 3},
		"receive": {func(s *Shelf) error {
			m, err := from.Manifest(ids[4])
			if err != nil {
				return err
			}
			in, err := s.Receive(t.Context(), m)
			if err != nil {
				return err
			}
			defer in.Close()
			for _, f := range in.Missing() {
				r, err := from.Open(m.ID, f)
				if err != nil {
					return err
				}
				err = errors.Join(in.Put(t.Context(), f, r), r.Close())
				if err != nil {
					return err
				}
			}
			if m, err = in.Commit(); err != nil {
				return err
			}
			return s.Verify(m.ID)
		}, 2},
		"publish again": {func(s *Shelf) error { return s.Publish(t.Context(), Publication{ID: ids[0]}) }, 0},
		"roll back": {func(s *Shelf) error {
			if live, err := s.Live(); err != nil || live == ids[1] {
				return err
			}
			_, _, err := s.Rollback(t.Context(), "", "")
			return err
		}, 1},
		"prune": {func(s *Shelf) error {
			_, _, err := s.Prune(t.Context(), Keep{}, later(), false)
			return err
		}, 2},
	}
}

// Whichever step of whatever changes a shelf fails, and wherever the disk is full, the
// old bundle is live or the new one, each bundle is whole or not there, a second call does the work, and
// nothing of the first is left.
func TestEveryStepOfEveryOperationMayFail(t *testing.T) {
	if testing.Short() {
		t.Skip("-short does not fail every step; \"make test-all\" does")
	}
	from, ids := shelved(t, 5)
	began, _ := shelved(t, 3)
	publish(t, began, ids[:3]...)
	for name, op := range operations(t, from, ids) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				d := &faulty{fail: n, room: -1}
				attempt(t, copied(t, began), d, ids, op)
				if d.steps < n {
					break
				}
			}
			for room := 0; ; room += 331 {
				d := &faulty{room: room}
				attempt(t, copied(t, began), d, ids, op)
				if d.room > 0 {
					break
				}
			}
		})
	}
}

// copied returns a shelf with the same files, under other names.
func copied(t *testing.T, from *Shelf) *Shelf {
	t.Helper()
	s := shelf(t)
	list, err := filepath.Glob(filepath.Join(from.dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(list, filepath.Join(from.dir, pointerName)) {
		part, err := filepath.Rel(from.dir, name)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(s.dir, part)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Link(name, to)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// attempt runs an operation on a shelf with a faulty disk and checks what it leaves.
func attempt(t *testing.T, s *Shelf, d *faulty, ids []string, op operation) {
	t.Helper()
	at := fmt.Sprintf("step %d, room %d", d.fail, d.room)
	s.disk = d
	err := op.run(s)
	s.disk = unsynced{}
	if err != nil && !errors.Is(err, errDisk) && !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%s: %v, want the disk's error", at, err)
	}
	got, lerr := s.Live()
	if lerr != nil || got != ids[2] && got != ids[op.live] {
		t.Fatalf("%s: live is %s, %v; want %s or %s", at, got, lerr, ids[2], ids[op.live])
	}
	if err == nil && got != ids[op.live] {
		t.Fatalf("%s: live is %s, want %s", at, got, ids[op.live])
	}
	allWhole(t, s, at)
	if err := op.run(s); err != nil {
		t.Fatalf("%s: the second call: %v", at, err)
	}
	if got, err := s.Live(); err != nil || got != ids[op.live] {
		t.Fatalf("%s: after the second call live is %s, %v; want %s", at, got, err, ids[op.live])
	}
	allWhole(t, s, at)
	if _, _, err := s.Prune(t.Context(), Keep{Newest: 100}, later(), false); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	leftovers(t, s)
}

// allWhole checks that what looks like a bundle is one.
func allWhole(t *testing.T, s *Shelf, at string) {
	t.Helper()
	ids, err := s.ids()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := s.Verify(id); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
	}
	live, err := s.Live()
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	if _, err := s.Manifest(live); errors.Is(err, catalog.ErrNotFound) {
		t.Fatalf("%s: the live bundle %s is not on the shelf", at, live)
	}
}
