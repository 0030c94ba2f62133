package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/durable"
)

// variant returns a bundle of its own for each n, created n hours after the sample.
func variant(t testing.TB, n int) *Bundle {
	t.Helper()
	b := counted(t)
	b.Stats.Quality[0] = 0.01 * float32(n)
	b.Manifest.Created = b.Manifest.Created.Add(time.Duration(n) * time.Hour)
	return b
}

// shelved puts the variants 1 to n on a shelf and returns their IDs.
func shelved(t testing.TB, n int) (*Shelf, []string) {
	t.Helper()
	s := shelf(t)
	s.disk = unsynced{}
	var ids []string
	for i := range n {
		ids = append(ids, put(t, s, variant(t, i+1)).ID)
	}
	return s, ids
}

// unsynced is a disk that syncs nothing, for speed.
type unsynced struct{ osDisk }

func (unsynced) SyncDir(string) error { return nil }
func (unsynced) Create(name string) (durable.File, error) {
	f, err := os.Create(name)
	return unsyncedFile{f}, err
}
func (unsynced) WriteFile(name string, data []byte) error { return os.WriteFile(name, data, 0o644) }

type unsyncedFile struct{ *os.File }

func (unsyncedFile) Sync() error { return nil }

func publish(t testing.TB, s *Shelf, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.Publish(t.Context(), Publication{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
}

// published returns the IDs of the journal, newest first.
func published(t testing.TB, s *Shelf) []string {
	t.Helper()
	list, err := s.Published()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestPublished(t *testing.T) {
	s, ids := shelved(t, 2)
	if _, err := s.Published(); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("nothing published: %v, want not found", err)
	}
	at := time.Date(2021, 1, 2, 3, 4, 5, 6, time.UTC)
	before := time.Now()
	publish(t, s, ids[0])
	if err := s.Publish(t.Context(), Publication{ID: ids[1], At: at, By: "ann", Why: "a line\nand another"}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Published()
	if err != nil || len(list) != 2 {
		t.Fatalf("published %+v, %v; want two", list, err)
	}
	if list[0] != (Publication{ID: ids[1], At: at, By: "ann", Why: "a line\nand another"}) {
		t.Errorf("the last is %+v", list[0])
	}
	if list[1].ID != ids[0] || list[1].At.Before(before.Add(-time.Second)) {
		t.Errorf("the first is %+v, want %s of now", list[1], ids[0])
	}
	text, err := os.ReadFile(filepath.Join(s.dir, pointerName))
	if err != nil || !strings.HasPrefix(string(text), ids[1]+"\n") {
		t.Errorf("the pointer is %q, %v; want the ID on its first line", text, err)
	}
	if err := s.Publish(t.Context(), Publication{ID: ids[1], Why: "again"}); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(filepath.Join(s.dir, pointerName)); string(again) != string(text) {
		t.Errorf("what is live was published again, and the pointer is %q, was %q", again, text)
	}
	for _, p := range []Publication{{ID: ids[0], By: strings.Repeat("x", 201)}, {ID: ids[0], Why: strings.Repeat("x", 2001)}, {ID: "x"}} {
		if err := s.Publish(t.Context(), p); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("publish %.60v: %v, want invalid", p, err)
		}
	}
}

// Rollbacks go back step by step, over what is gone or broken, and begin anew after a
// publication.
func TestRollback(t *testing.T) {
	s, ids := shelved(t, 6)
	if _, _, err := s.Rollback(t.Context(), "", ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("nothing published: %v, want not found", err)
	}
	publish(t, s, ids[:5]...)
	if err := os.RemoveAll(s.Dir(ids[3])); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.Dir(ids[2]), fileVectors), []byte("rubbish"))
	step := func(from, to string) {
		t.Helper()
		gotFrom, gotTo, err := s.Rollback(t.Context(), "ann", "worse lists")
		if err != nil || gotFrom != from || gotTo != to {
			t.Fatalf("rolled back from %s to %s, %v; want from %s to %s", gotFrom, gotTo, err, from, to)
		}
		if live, err := s.Live(); err != nil || live != to {
			t.Fatalf("live is %s, %v; want %s", live, err, to)
		}
	}
	step(ids[4], ids[1])
	list, err := s.Published()
	if err != nil || len(list) != 6 || list[0].By != "ann" || list[0].Why != "worse lists" || list[0].Back != ids[4] || list[0].At.IsZero() {
		t.Errorf("the journal is %+v, %v", list, err)
	}
	publish(t, s, ids[5])
	step(ids[5], ids[1])
	step(ids[1], ids[0])
	_, _, err = s.Rollback(t.Context(), "", "")
	if !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), "marquee bundle publish") {
		t.Errorf("at the first bundle: %v, want not found and what to do", err)
	}
	if live, _ := s.Live(); live != ids[0] {
		t.Errorf("and %s is live, want %s", live, ids[0])
	}
}

// The journal goes back as a stack does, whatever is published and rolled back.
func TestJournalIsAStack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var j Journal
		var stack []string // the live one last
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(stack) > 1 && rapid.Bool().Draw(t, "back") {
				gone := rapid.IntRange(0, 3).Draw(t, "gone") // so many cannot serve
				to := len(stack) - 2
				for to >= 0 && (gone > 0 || stack[to] == stack[len(stack)-1]) {
					to--
					gone--
				}
				left := slices.Clone(stack)
				n := len(stack) - 2 - to
				next, err := j.Rollback(Publication{}, func(string) bool { n--; return n < 0 })
				if to < 0 {
					if !errors.Is(err, catalog.ErrNotFound) {
						t.Fatalf("rollback of %v: %v, want not found", left, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				j, stack = next, stack[:to+1]
			} else {
				id := fmt.Sprintf("%016x", i)
				next, changed, err := j.Publish(Publication{ID: id})
				if err != nil || !changed {
					t.Fatal(changed, err)
				}
				j, stack = next, append(slices.Clone(stack), id)
			}
			text, err := j.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if j, err = ParseJournal(text); err != nil {
				t.Fatal(err)
			}
			got := j.Stack()
			slices.Reverse(got)
			if !slices.Equal(got, stack) {
				t.Fatalf("stack %v, want %v", got, stack)
			}
		}
	})
}

func TestJournalIsBounded(t *testing.T) {
	var j Journal
	for i := range 3 * journalLength {
		next, _, err := j.Publish(Publication{ID: fmt.Sprintf("%016x", i), By: strings.Repeat("\x01", 200), Why: strings.Repeat("\x01", 2000)})
		if err != nil {
			t.Fatal(err)
		}
		j = next
	}
	text, err := j.Encode()
	if err != nil || len(text) > pointerLimit {
		t.Fatalf("%d bytes, %v; want at most %d", len(text), err, pointerLimit)
	}
	again, err := ParseJournal(text)
	if err != nil || len(again) != journalLength || again[0] != j[0] {
		t.Errorf("%d publications, %v; want the last %d", len(again), err, journalLength)
	}
}

// Pointers of older programs, and such as a person edited, are read, and mended by the
// next publication.
func TestPointersOfOthers(t *testing.T) {
	s, ids := shelved(t, 4)
	publish(t, s, ids[0], ids[1])
	name := filepath.Join(s.dir, pointerName)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, journal, _ := strings.Cut(string(text), "\n")
	for _, c := range []struct {
		name, text string
		want       []string // published
		broken     bool
	}{
		{"one line", ids[2] + "\n", []string{ids[2]}, false},
		{"without its end", ids[2], []string{ids[2]}, false},
		{"another first line", ids[2] + "\n" + journal, []string{ids[2], ids[1], ids[0]}, false},
		{"empty lines", ids[1] + "\n\n" + journal + "\n", []string{ids[1], ids[0]}, false},
		{"rubbish in the journal", ids[1] + "\n" + strings.Replace(journal, "{", "?", 1), []string{ids[1]}, true},
		{"no ID in the journal", ids[1] + "\n" + strings.Replace(journal, ids[0], "../../x", 1), []string{ids[1]}, true},
	} {
		write(t, name, []byte(c.text))
		if live, err := s.Live(); err != nil || live != c.want[0] {
			t.Errorf("%s: live is %s, %v; want %s", c.name, live, err, c.want[0])
		}
		if _, err := s.Published(); errors.Is(err, ErrBroken) != c.broken {
			t.Errorf("%s: %v, want broken: %v", c.name, err, c.broken)
		}
		publish(t, s, ids[3])
		if got := published(t, s); !slices.Equal(got, append([]string{ids[3]}, c.want...)) {
			t.Errorf("%s: then published %v, want %v below the new one", c.name, got, c.want)
		}
	}
	write(t, name, []byte("rubbish"))
	if _, _, err := s.Rollback(t.Context(), "", ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("rollback of rubbish: %v, want not found", err)
	}
	if err := s.PublishAfter(t.Context(), "", Publication{ID: ids[0]}); err != nil {
		t.Errorf("publish over rubbish: %v", err)
	}
}

func TestPublishAfter(t *testing.T) {
	s, ids := shelved(t, 3)
	after := func(began, id string) error { return s.PublishAfter(t.Context(), began, Publication{ID: id}) }
	if err := after(ids[1], ids[0]); !errors.Is(err, ErrMoved) {
		t.Errorf("none is live: %v, want ErrMoved", err)
	}
	if err := after("", ids[0]); err != nil {
		t.Errorf("none was live, none is: %v", err)
	}
	if err := after("", ids[1]); !errors.Is(err, ErrMoved) || !strings.Contains(err.Error(), ids[0]) {
		t.Errorf("none was live, one is: %v, want ErrMoved and the ID", err)
	}
	if err := after(ids[0], ids[1]); err != nil {
		t.Errorf("the same is live: %v", err)
	}
	if err := after(ids[0], ids[2]); !errors.Is(err, ErrMoved) {
		t.Errorf("another is live: %v, want ErrMoved", err)
	}
	if err := after(ids[0], ids[1]); err != nil {
		t.Errorf("it is live itself: %v", err)
	}
	if got := published(t, s); !slices.Equal(got, []string{ids[1], ids[0]}) {
		t.Errorf("published %v", got)
	}
}

// Publishers at once each get their turn, and no word is lost. Of those who begin from the same
// bundle one wins.
func TestPublishersAtOnce(t *testing.T) {
	const n = 4
	s, ids := shelved(t, n+1)
	publish(t, s, ids[n])
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			other := &Shelf{dir: s.dir, disk: unsynced{}}
			errs[i] = other.Publish(t.Context(), Publication{ID: ids[i]})
		})
	}
	wg.Wait()
	got := published(t, s)
	slices.Sort(got)
	want := slices.Sorted(slices.Values(ids))
	if err := errors.Join(errs...); err != nil || !slices.Equal(got, want) {
		t.Errorf("published %v, %v; want %v in any order", got, err, want)
	}
	publish(t, s, ids[n])
	for i := range n {
		wg.Go(func() { errs[n+i] = s.PublishAfter(t.Context(), ids[n], Publication{ID: ids[i]}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs[n:] {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrMoved) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won, want one", won, n)
	}
}

// A bundle that is replaced by one without a person stays where it is in the journal.
func TestForgetKeepsTheJournal(t *testing.T) {
	s, ids := shelved(t, 3)
	publish(t, s, ids...)
	if _, _, err := s.Rollback(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	done, _, err := s.Forget(t.Context(), is("u1"))
	if err != nil || len(done) != 3 {
		t.Fatal(done, err)
	}
	next := make(map[string]string)
	for _, r := range done {
		next[r.Old] = r.New
		if r.Live != (r.Old == ids[1]) {
			t.Errorf("replacement %+v, and %s was live", r, ids[1])
		}
	}
	want := []string{next[ids[1]], next[ids[2]], next[ids[1]], next[ids[0]]}
	if got := published(t, s); !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	if _, to, err := s.Rollback(t.Context(), "", ""); err != nil || to != next[ids[0]] {
		t.Errorf("rolled back to %s, %v; want %s", to, err, next[ids[0]])
	}
}

// Rubbish in a pointer is an error, never a panic, and what is read stays the same when
// it is written again.
func FuzzParseJournal(f *testing.F) {
	f.Add([]byte("0123456789abcdef\n{\"id\":\"0123456789abcdef\",\"by\":\"x\"}\n"))
	f.Add([]byte("0123456789abcdef"))
	f.Add([]byte("0123456789abcdef\n{\"id\":\"0123456789abcdee\",\"back\":\"0123456789abcdef\"}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := ParseJournal(text)
		if err != nil && !errors.Is(err, ErrBroken) {
			t.Errorf("%v, want ErrBroken", err)
		}
		if len(j) == 0 {
			return
		}
		if len(j) > journalLength || !ValidID(j.Live()) {
			t.Fatalf("%d publications, live %q", len(j), j.Live())
		}
		j.Stack()
		written, err := j.Encode()
		if err != nil {
			return // a year beyond 9999
		}
		again, err := ParseJournal(written)
		if err != nil || !slices.EqualFunc(j, again, func(a, b Publication) bool {
			return a.ID == b.ID && a.Back == b.Back && a.By == b.By && a.Why == b.Why && a.At.Equal(b.At)
		}) {
			t.Errorf("%+v came back as %+v, %v", j, again, err)
		}
	})
}
