package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// canonical is r as a snapshot gives it back: extras in their one form, times in
// UTC and in microseconds, nothing said that is not known.
func canonical(t testing.TB, r *rows) *rows {
	t.Helper()
	out := &rows{scale: r.scale, change: r.change}
	for _, m := range r.movies {
		extra, err := checkMovie(&m)
		if err != nil {
			t.Fatal(err)
		}
		m.Extra = reparse(extra)
		m.Genres, m.People, m.Keywords = orNil(m.Genres), orNil(m.People), orNil(m.Keywords)
		out.movies = append(out.movies, m)
	}
	for _, u := range r.users {
		extra, err := checkUser(&u)
		if err != nil {
			t.Fatal(err)
		}
		u.Extra = reparse(extra)
		out.users = append(out.users, u)
	}
	for _, s := range r.seen {
		s.At = time.UnixMicro(s.At.UnixMicro()).UTC()
		if !s.Rated {
			s.Rating = 0
		}
		if !s.Shared {
			s.Share = 0
		}
		out.seen = append(out.seen, s)
	}
	for _, a := range r.accounts {
		a.At = time.UnixMicro(a.At.UnixMicro()).UTC()
		out.accounts = append(out.accounts, a)
	}
	return out
}

func reparse(extra string) map[string]json.RawMessage {
	if extra == "" {
		return nil
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal([]byte(extra), &out); err != nil {
		panic(err)
	}
	return out
}

func TestWriteAndRead(t *testing.T) {
	s := newShelf(t)
	src := sample()
	m := mustWrite(t, s, src, "", day)
	if got, want := readAll(t, s, m.Version, nil), canonical(t, src); !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v\nwant %+v", got, want)
	}
	if want := versionOfRows(t, src); m.Version != want {
		t.Errorf("version %s, want that of the rows, %s", m.Version, want)
	}
	if got := versionOfRows(t, readAll(t, s, m.Version, nil)); got != m.Version {
		t.Errorf("version of what was read is %s, want %s", got, m.Version)
	}
	if !m.Created.Equal(day.Truncate(time.Second)) || m.LastChange != 7 || m.Program != "test" || m.Scale != catalog.Scale5 {
		t.Errorf("manifest %+v", m)
	}
	if !m.FirstEvent.Equal(src.seen[4].At) || !m.LastEvent.Equal(src.seen[2].At) {
		t.Errorf("events from %s to %s", m.FirstEvent, m.LastEvent)
	}
	for name, want := range map[string]int64{tableMovies: 3, tableUsers: 3, tableSeen: 5, tableAccounts: 3} {
		if got := m.Table(name).Rows; got != want {
			t.Errorf("%d rows of %s, want %d", got, name, want)
		}
	}
	got, err := s.Manifest(m.Version)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("manifest read as %+v, %v\nwant %+v", got, err, m)
	}
	if got, err := s.Verify(t.Context(), m.Version, quiet); err != nil || got.Version != m.Version {
		t.Errorf("verify: %v", err)
	}
}

func TestEmptyWorld(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, &rows{scale: catalog.Scale5}, "", day)
	got := readAll(t, s, m.Version, nil)
	if len(got.movies)+len(got.users)+len(got.seen)+len(got.accounts) > 0 || !m.FirstEvent.IsZero() {
		t.Errorf("rows out of nothing: %+v", got)
	}
	if _, err := s.Verify(t.Context(), m.Version, quiet); err != nil {
		t.Error(err)
	}
}

// A second snapshot of the same rows changes nothing, at any GOMAXPROCS.
func TestWriteAgain(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	before := files(t, s.dir)
	for _, procs := range []int{1, 3} {
		old := runtime.GOMAXPROCS(procs)
		again, added, err := s.Write(t.Context(), sample(), Origin{Parent: m.Version, Program: "other"}, day.Add(time.Hour), quiet)
		runtime.GOMAXPROCS(old)
		if err != nil || added || !reflect.DeepEqual(again, m) {
			t.Errorf("again: added %v, %v, %+v", added, err, again)
		}
	}
	if after := files(t, s.dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the folder has changed")
	}
	// The snapshot of a snapshot is the same.
	snap, err := s.Open(t.Context(), m.Version, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	if copied := mustWrite(t, newShelf(t), snap, "", day); copied.Version != m.Version {
		t.Errorf("copy has version %s, want %s", copied.Version, m.Version)
	}
}

// files returns the content of every file below dir.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// More rows than a row group and a batch hold come back in order.
func TestManyRows(t *testing.T) {
	s := newShelf(t)
	w := world(groupRows + batchRows + 1)
	m := mustWrite(t, s, w, "", day)
	if _, err := s.Verify(t.Context(), m.Version, quiet); err != nil {
		t.Fatal(err)
	}
	snap, err := s.Open(t.Context(), m.Version, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	want := all(t, w.Histories(t.Context()))
	if got := all(t, snap.Histories(t.Context())); !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows read, want %d, or they differ", len(got), len(want))
	}
	for range snap.Histories(t.Context()) {
		break // stopping early is fine
	}
}

// A source that fails leaves nothing.
func TestSourceFails(t *testing.T) {
	s := newShelf(t)
	src := sample()
	src.err = fmt.Errorf("gone: %w", catalog.ErrUnavailable)
	if _, _, err := s.Write(t.Context(), src, Origin{}, day, quiet); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("%v, want unavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Write(ctx, world(10*batchRows), Origin{}, day, quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
	if _, _, err := s.Write(t.Context(), sample(), Origin{Parent: "x"}, day, quiet); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("%v, want invalid", err)
	}
	if got := files(t, s.dir); len(got) != 1 {
		t.Errorf("files %v, want the lock alone", got)
	}
}

// Forgotten people are left out of what is read, and the version of the rest is
// that of the rest.
func TestOpenWithout(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	got := readAll(t, s, m.Version, func(u catalog.UserID) bool { return u == "22222222" || u == "5" })
	if want := canonical(t, sample().without("22222222", "5")); !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v\nwant %+v", got, want)
	}
}

func TestResolve(t *testing.T) {
	s := newShelf(t)
	a := mustWrite(t, s, sample(), "", day)
	b := mustWrite(t, s, &rows{scale: catalog.Scale5}, a.Version, day.Add(time.Hour))
	if err := os.Mkdir(s.Dir(a.Version[:31]+other(a.Version[31])), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		prefix, want string
		err          error
	}{
		{a.Version, a.Version, nil},
		{b.Version[:8], b.Version, nil},
		{a.Version[:8], "", catalog.ErrInvalid}, // two begin so
		{"", "", catalog.ErrInvalid},
		{"XYZ", "", catalog.ErrInvalid},
		{"../" + a.Version[:4], "", catalog.ErrInvalid},
		{strings.Repeat("f", 32), "", catalog.ErrNotFound},
		{strings.Repeat("0", 33), "", catalog.ErrInvalid},
	} {
		if got, err := s.Resolve(c.prefix); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q: %q, %v; want %q, %v", c.prefix, got, err, c.want, c.err)
		}
	}
	list, broken, err := s.List()
	if err != nil || len(list) != 2 || list[0].Version != b.Version || list[1].Version != a.Version || list[0].Parent != a.Version {
		t.Errorf("list %+v, %v", list, err)
	}
	if len(broken) != 1 || !errors.Is(broken[0], ErrBroken) {
		t.Errorf("broken %v, want the folder without a manifest", broken)
	}
	if err := s.Delete(t.Context(), b.Version); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), b.Version); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("deleting twice: %v", err)
	}
	if _, err := s.Manifest(b.Version); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
}

func other(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

// A snapshot that was deleted while it was open is read to its end.
func TestDeleteWhileOpen(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	snap, err := s.Open(t.Context(), m.Version, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), m.Version); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, snap); len(got.seen) != 5 {
		t.Errorf("%d rows, want 5", len(got.seen))
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	failed := false
	for _, err := range snap.Movies(t.Context()) {
		failed = failed || err != nil
	}
	if !failed {
		t.Error("a closed snapshot was read")
	}
}

// Two that take the same snapshot at once wait for each other.
func TestTwoWriters(t *testing.T) {
	s := newShelf(t)
	results := make(chan bool)
	for range 4 {
		go func() {
			_, added, err := s.Write(context.Background(), sample(), Origin{}, day, quiet)
			if err != nil {
				t.Error(err)
			}
			results <- added
		}()
	}
	added := 0
	for range 4 {
		if <-results {
			added++
		}
	}
	if added != 1 {
		t.Errorf("%d writers added it, want 1", added)
	}
	unlock, err := osDisk{}.Lock(t.Context(), filepath.Join(s.dir, lockName))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := s.Write(ctx, sample(), Origin{}, day, quiet); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with the lock held: %v, want deadline", err)
	}
}
