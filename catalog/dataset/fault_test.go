package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/durable"
)

var errFault = errors.New("no space left on device")

// A badDisk fails its n-th step, and with dead every later one too, as after a
// crash. It also keeps what was written but not synced, and fails the test when
// that would become a snapshot.
type badDisk struct {
	t     *testing.T
	disk  disk
	n     int // 0: never
	dead  bool
	steps int
	dirty map[string]bool // files and folders with changes that a power cut would undo
}

func (d *badDisk) step() error {
	d.steps++
	if d.steps == d.n || d.dead && d.n > 0 && d.steps > d.n {
		return fmt.Errorf("step %d: %w", d.steps, errFault)
	}
	return nil
}

func (d *badDisk) MkdirTemp(dir, pattern string) (string, error) {
	if err := d.step(); err != nil {
		return "", err
	}
	return d.disk.MkdirTemp(dir, pattern)
}

func (d *badDisk) Create(name string) (durable.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.disk.Create(name)
	d.dirty[name], d.dirty[filepath.Dir(name)] = true, true
	return &badFile{d, name, f}, err
}

func (d *badDisk) SyncDir(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	delete(d.dirty, name)
	return nil // a test needs no power cut
}

func (d *badDisk) Rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	if ValidVersion(filepath.Base(to)) || filepath.Base(to) == manifestName {
		for name := range d.dirty {
			if name == from || filepath.Dir(name) == from {
				d.t.Errorf("%s is shelved before it is synced", name)
			}
		}
	}
	d.dirty[filepath.Dir(to)] = true
	return d.disk.Rename(from, to)
}

func (d *badDisk) RemoveAll(name string) error {
	if strings.HasPrefix(filepath.Base(name), gonePattern) && d.dirty[filepath.Dir(name)] {
		d.t.Errorf("%s is emptied before its new name is durable: after a power cut it would be torn", name)
	}
	if err := d.step(); err != nil {
		if entries, rerr := os.ReadDir(name); rerr == nil && len(entries) > 1 {
			_ = os.Remove(filepath.Join(name, entries[0].Name())) // it got so far
		}
		return err
	}
	return d.disk.RemoveAll(name)
}

func (d *badDisk) Lock(ctx context.Context, name string) (func(), error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	return d.disk.Lock(ctx, name)
}

type badFile struct {
	disk *badDisk
	name string
	file durable.File
}

func (f *badFile) Write(p []byte) (int, error) {
	if err := f.disk.step(); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	f.disk.dirty[f.name] = true
	return f.file.Write(p)
}

func (f *badFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	delete(f.disk.dirty, f.name)
	return nil
}

func (f *badFile) Close() error {
	err := f.disk.step()
	return errors.Join(err, f.file.Close())
}

// everyFault runs work, on a shelf that prepare has filled, once for each step,
// which fails, with dead all later ones too, until no step is left to fail, and
// checks the shelf after each. It returns how many steps there are.
func everyFault(t *testing.T, dead bool, prepare func(*Shelf), work func(*Shelf) error, check func(s *Shelf, failed error)) int {
	t.Helper()
	prepared := newShelf(t)
	prepare(prepared)
	for n := 1; ; n++ {
		s := newShelf(t)
		if err := os.CopyFS(s.dir, os.DirFS(prepared.dir)); err != nil {
			t.Fatal(err)
		}
		bad := &badDisk{t: t, disk: s.disk, n: n, dead: dead, dirty: map[string]bool{}}
		s.disk = bad
		err := work(s)
		s.disk = bad.disk
		check(s, err)
		if bad.steps < n && err != nil {
			t.Errorf("no step failed: %v", err)
		}
		if t.Failed() {
			t.Fatalf("with step %d failing, dead %v: %v", n, dead, err)
		}
		if bad.steps < n {
			return n - 1
		}
	}
}

// A snapshot is there whole or not at all, whichever step fails, and a second try
// succeeds.
func TestWriteNeverTorn(t *testing.T) {
	t.Run("fault", func(t *testing.T) { testWriteNeverTorn(t, false) })
	t.Run("crash", func(t *testing.T) { testWriteNeverTorn(t, true) })
}

func testWriteNeverTorn(t *testing.T, dead bool) {
	t.Parallel()
	want := versionOfRows(t, sample())
	before := sample()
	before.movies = before.movies[:1]
	steps := everyFault(t, dead,
		func(s *Shelf) { mustWrite(t, s, before, "", day) },
		func(s *Shelf) error {
			_, _, err := s.Write(t.Context(), sample(), Origin{}, day, nil)
			return err
		},
		func(s *Shelf, failed error) {
			versions := allWhole(t, s)
			if failed == nil && !slices.Contains(versions, want) {
				t.Error("written without error, but not there")
			}
			if failed != nil && !errors.Is(failed, errFault) {
				t.Errorf("error %v, want that of the disk", failed)
			}
			if m, _, err := s.Write(t.Context(), sample(), Origin{}, day, nil); err != nil || m.Version != want {
				t.Errorf("second try: %v", err)
			}
			if left := leftovers(t, s); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	if steps < 20 {
		t.Errorf("%d steps, want all of them", steps)
	}
}

// allWhole returns what is in sight, which must be whole.
func allWhole(t *testing.T, s *Shelf) []string {
	t.Helper()
	versions, err := s.Versions()
	if err != nil {
		t.Error(err)
	}
	for _, v := range versions {
		if _, whole, err := s.standing(t.Context(), v); !whole {
			t.Errorf("torn: %s, %v", v, err)
		}
	}
	return versions
}

// leftovers returns what stands beside the snapshots and the lock.
func leftovers(t *testing.T, s *Shelf) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !ValidVersion(e.Name()) && e.Name() != lockName {
			out = append(out, e.Name())
		}
	}
	return out
}

// Deleting never leaves half a snapshot in sight.
func TestDeleteNeverTorn(t *testing.T) {
	t.Run("fault", func(t *testing.T) { testDeleteNeverTorn(t, false) })
	t.Run("crash", func(t *testing.T) { testDeleteNeverTorn(t, true) })
}

func testDeleteNeverTorn(t *testing.T, dead bool) {
	t.Parallel()
	version := versionOfRows(t, sample())
	everyFault(t, dead,
		func(s *Shelf) { mustWrite(t, s, sample(), "", day) },
		func(s *Shelf) error { return s.Delete(t.Context(), version) },
		func(s *Shelf, failed error) {
			_, err := s.Verify(t.Context(), version, nil)
			if gone := errors.Is(err, catalog.ErrNotFound); err != nil && !gone || failed == nil && !gone {
				t.Errorf("after delete with %v: %v", failed, err)
			}
			if err := s.Delete(t.Context(), version); err != nil && !errors.Is(err, catalog.ErrNotFound) {
				t.Error(err)
			}
			if left := leftovers(t, s); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
}

// Whichever step of forgetting fails, every version in sight is whole, and a
// second call finishes, with the same result as a call that nothing disturbed.
func TestForgetFinishes(t *testing.T) {
	t.Run("fault", func(t *testing.T) { testForgetFinishes(t, false) })
	t.Run("crash", func(t *testing.T) { testForgetFinishes(t, true) })
}

func testForgetFinishes(t *testing.T, dead bool) {
	t.Parallel()
	who := func(u catalog.UserID) bool { return u == "22222222" }
	child := sample()
	child.movies = child.movies[:2]
	prepare := func(s *Shelf) {
		m := mustWrite(t, s, sample(), "", day)
		if dead { // the longer way, past the parent of another
			mustWrite(t, s, child, m.Version, day.Add(time.Hour))
		}
	}
	calm := newShelf(t)
	prepare(calm)
	if _, err := calm.Forget(t.Context(), who, "test", day, nil); err != nil {
		t.Fatal(err)
	}
	want := manifests(t, calm)
	steps := everyFault(t, dead, prepare,
		func(s *Shelf) error {
			_, err := s.Forget(t.Context(), who, "test", day, nil)
			return err
		},
		func(s *Shelf, failed error) {
			allWhole(t, s)
			if failed == nil {
				if got := manifests(t, s); !reflect.DeepEqual(got, want) {
					t.Errorf("undisturbed: %+v", got)
				}
			}
			if _, err := s.Forget(t.Context(), who, "test", day, nil); err != nil {
				t.Errorf("second call: %v", err)
			}
			if got := manifests(t, s); !reflect.DeepEqual(got, want) {
				t.Errorf("after the second call: %+v\nwant %+v", got, want)
			}
			if left := leftovers(t, s); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	if steps < 30 {
		t.Errorf("%d steps, want all of them", steps)
	}
}

func manifests(t *testing.T, s *Shelf) []Manifest {
	t.Helper()
	list, broken, err := s.List()
	if err != nil || len(broken) > 0 {
		t.Errorf("list: %v, %v", err, broken)
	}
	for i := range list { // sizes and sums of files are not promised to be the same
		list[i].Sum = ""
		for j := range list[i].Tables {
			list[i].Tables[j].SHA256 = ""
		}
	}
	return list
}
