package bundle

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// counted is the sample with the counts that a build sets.
func counted(t testing.TB) *Bundle {
	t.Helper()
	b := sample(t)
	b.Manifest.Counts = Counts{Movies: 4, Users: 2, Watched: 3}
	return b
}

func is(u catalog.UserID) func(catalog.UserID) bool {
	return func(v catalog.UserID) bool { return v == u }
}

func TestForget(t *testing.T) {
	s := shelf(t)
	old := put(t, s, counted(t))
	if err := s.Publish(t.Context(), Publication{ID: old.ID}); err != nil {
		t.Fatal(err)
	}
	spare := counted(t)
	spare.Histories = &Histories{}
	spare.Histories.Add("u2", rank.Taste{Watched: []rank.Watched{{Row: 1, Preference: 30}}})
	untouched := put(t, s, spare)

	done, unread, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 1 || len(unread) != 0 {
		t.Fatalf("forget: %+v, %v, %v; want one bundle replaced", done, unread, err)
	}
	if r := done[0]; r.Old != old.ID || r.New == old.ID || r.People != 1 || !r.Live {
		t.Errorf("replacement %+v", r)
	}
	live, err := s.Live()
	if err != nil || live != done[0].New {
		t.Errorf("live is %s, %v; want %s", live, err, done[0].New)
	}
	b, err := s.Load(t.Context(), live, open)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := b.Histories.Of("u1"); known {
		t.Error("u1 is still known")
	}
	if taste, known := b.Histories.Of("u2"); !known || len(taste.Watched) != 1 || taste.Watched[0].Row != 1 {
		t.Errorf("u2 is %+v, %v", taste, known)
	}
	if m := b.Manifest; m.Replaces != old.ID || m.Counts.Users != 1 || m.Counts.Watched != 1 {
		t.Errorf("manifest %+v", m)
	}
	if _, err := s.Manifest(untouched.ID); err != nil {
		t.Errorf("the bundle without u1 is gone: %v", err)
	}
	if _, err := s.Manifest(old.ID); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("the old bundle: %v, want none", err)
	}
	inNoFile(t, s, "u1")
	if again, _, err := s.Forget(t.Context(), is("u1")); err != nil || len(again) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// inNoFile checks that a text stands in no file of the shelf.
func inNoFile(t *testing.T, s *Shelf, text string) {
	t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%s holds %q", path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whichever step fails, the live bundle is whole, and a second call finishes.
func TestForgetMayFailAnywhere(t *testing.T) {
	for n := 1; ; n++ {
		s := shelf(t)
		old := put(t, s, counted(t))
		if err := s.Publish(t.Context(), Publication{ID: old.ID}); err != nil {
			t.Fatal(err)
		}
		d := &failing{disk: osDisk{}, left: n}
		s.disk = d
		_, _, err := s.Forget(t.Context(), is("u1"))
		s.disk = osDisk{}
		if d.left > 0 {
			if err != nil || n < 12 {
				t.Fatalf("%d steps, %v; want the whole of it", n, err)
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("step %d: %v, want the disk's error", n, err)
		}
		live, err := s.Live()
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if _, err := s.Load(t.Context(), live, open); err != nil {
			t.Fatalf("step %d: the live bundle: %v", n, err)
		}
		if _, _, err := s.Forget(t.Context(), is("u1")); err != nil {
			t.Fatalf("step %d: the second call: %v", n, err)
		}
		inNoFile(t, s, "u1")
		if live, err = s.Live(); err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if _, err := s.Load(t.Context(), live, open); err != nil {
			t.Fatalf("step %d: the live bundle after the second call: %v", n, err)
		}
	}
}

// A bundle that cannot be read is told, and does not keep the others from being
// cleaned.
func TestForgetTellsOfBrokenBundles(t *testing.T) {
	s := shelf(t)
	broken := put(t, s, counted(t))
	write(t, filepath.Join(s.Dir(broken.ID), fileHistories), []byte(strings.Repeat("x", 10)))
	other := counted(t)
	other.Stats.Quality[1] = 0.25
	put(t, s, other)
	done, unread, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 1 || len(unread) != 1 || unread[0] != broken.ID {
		t.Errorf("got %+v, %v, %v; want one replaced and %s unread", done, unread, err, broken.ID)
	}
}

func TestWithoutNobody(t *testing.T) {
	h := counted(t).Histories
	if left, n := h.Without(is("nobody")); left != h || n != 0 {
		t.Errorf("%d people left out", n)
	}
}

// What a killed build left behind holds the person too.
func TestForgetSweepsDrafts(t *testing.T) {
	s := shelf(t)
	m := put(t, s, counted(t))
	left := filepath.Join(s.dir, draftPattern+"123")
	if err := os.CopyFS(left, os.DirFS(s.Dir(m.ID))); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Forget(t.Context(), is("u1")); err != nil {
		t.Fatal(err)
	}
	inNoFile(t, s, "u1")
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}

// While another process writes a bundle, forgetting waits: its draft is not swept
// from under it.
func TestForgetWaitsForBuild(t *testing.T) {
	s := shelf(t)
	unlock, err := s.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := s.Forget(ctx, is("u1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beside a build: %v, want it to wait", err)
	}
	unlock()
	if _, _, err := s.Forget(t.Context(), is("u1")); err != nil {
		t.Errorf("after it: %v", err)
	}
}
