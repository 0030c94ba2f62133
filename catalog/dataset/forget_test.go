package dataset

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"marquee/catalog"
)

// needle is an id that no other text holds.
const needle = "22222222"

func is(people ...catalog.UserID) func(catalog.UserID) bool {
	return func(u catalog.UserID) bool { return slices.Contains(people, u) }
}

// A person who was forgotten is in no byte of the shelf, packed or unpacked; all
// else stays; parents follow.
func TestForget(t *testing.T) {
	s := newShelf(t)
	grand := mustWrite(t, s, &rows{scale: catalog.Scale5, movies: sample().movies}, "", day.Add(-time.Hour)) // without people
	parent := mustWrite(t, s, sample(), grand.Version, day)
	next := sample()
	next.seen = append(next.seen[:4:4], catalog.UserSeen{User: needle + "3", Seen: catalog.Seen{Movie: "bare+", At: day}}, next.seen[4])
	next.change, next.movies[0].Title = 9, "Bare"
	child := mustWrite(t, s, next, parent.Version, day.Add(time.Hour))
	if !holdsBytes(t, s.dir) {
		t.Fatal("the test looks in the wrong place")
	}
	later := day.Add(48 * time.Hour)
	done, err := s.Forget(t.Context(), is(needle, needle+"3"), "newer", later, nil)
	if err != nil || len(done) != 2 {
		t.Fatalf("%+v, %v; want two rewritten", done, err)
	}
	if holdsBytes(t, s.dir) {
		t.Error("the id is still in a file")
	}
	list, broken, err := s.List()
	if err != nil || len(broken) > 0 || len(list) != 3 {
		t.Fatalf("%d snapshots, %v, %v", len(list), broken, err)
	}
	c, p, g := list[0], list[1], list[2]
	if !reflect.DeepEqual(g, grand) {
		t.Errorf("a snapshot without the person has changed: %+v", g)
	}
	if p.Version != versionOfRows(t, sample().without(needle)) || p.Parent != grand.Version || !slices.Equal(p.Replaces, []string{parent.Version}) {
		t.Errorf("parent %+v", p)
	}
	if c.Version != versionOfRows(t, next.without(needle, needle+"3")) || c.Parent != p.Version || c.LastChange != 9 {
		t.Errorf("child %+v, want parent %s", c, p.Version)
	}
	if !c.Created.Equal(child.Created) || !c.Rewritten.Equal(later.Truncate(time.Second)) || c.Program != "newer" {
		t.Errorf("child created %s, rewritten %s by %s", c.Created, c.Rewritten, c.Program)
	}
	if done[0] != (Rewritten{parent.Version, p.Version}) || done[1] != (Rewritten{child.Version, c.Version}) {
		t.Errorf("done %+v", done)
	}
	for _, m := range list {
		if _, err := s.Verify(t.Context(), m.Version, nil); err != nil {
			t.Error(err)
		}
	}
	if got, want := readAll(t, s, p.Version, nil), canonical(t, sample().without(needle)); !reflect.DeepEqual(got, want) {
		t.Errorf("left %+v\nwant %+v", got, want)
	}
	_, err = s.Resolve(parent.Version[:8])
	if !errors.Is(err, catalog.ErrNotFound) || !bytes.Contains([]byte(err.Error()), []byte(p.Version)) {
		t.Errorf("the old name: %v, want the new one", err)
	}
	again, err := s.Forget(t.Context(), is(needle, needle+"3"), "newer", later, nil)
	if err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
}

// Each table alone gives a person away.
func TestForgetLooksEverywhere(t *testing.T) {
	for table, change := range map[string]func(*rows){
		tableUsers:    func(r *rows) { r.seen, r.accounts = nil, nil },
		tableSeen:     func(r *rows) { r.users, r.accounts = nil, nil },
		tableAccounts: func(r *rows) { r.users, r.seen = nil, nil },
	} {
		s := newShelf(t)
		r := sample()
		change(r)
		mustWrite(t, s, r, "", day)
		if done, err := s.Forget(t.Context(), is(needle), "", day, nil); err != nil || len(done) != 1 || holdsBytes(t, s.dir) {
			t.Errorf("known by %s alone: %v, %v", table, done, err)
		}
	}
}

// holdsBytes looks for needle in all files, raw and in every value of every
// column, and in their statistics.
func holdsBytes(t *testing.T, dir string) bool {
	t.Helper()
	found := false
	for name, text := range files(t, dir) {
		found = found || bytes.Contains([]byte(text), []byte(needle))
		if filepath.Ext(name) != ".parquet" {
			continue
		}
		f, err := parquet.OpenFile(bytes.NewReader([]byte(text)), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range f.RowGroups() {
			in := group.Rows()
			batch := make([]parquet.Row, 100)
			for {
				n, err := in.ReadRows(batch)
				for _, row := range batch[:n] {
					for _, v := range row {
						found = found || bytes.Contains([]byte(v.String()), []byte(needle))
					}
				}
				if err != nil || n == 0 {
					break
				}
			}
			in.Close()
		}
	}
	return found
}

// Two snapshots that differ by the person alone become one.
func TestForgetJoins(t *testing.T) {
	s := newShelf(t)
	with := mustWrite(t, s, sample(), "", day)
	without := mustWrite(t, s, sample().without(needle), with.Version, day.Add(time.Hour))
	done, err := s.Forget(t.Context(), is(needle), "", day, nil)
	if err != nil || len(done) != 1 || done[0].New != without.Version {
		t.Fatalf("%+v, %v", done, err)
	}
	list, _, err := s.List()
	if err != nil || len(list) != 1 || list[0].Parent != "" || !slices.Equal(list[0].Replaces, []string{with.Version}) {
		t.Errorf("left %+v, %v", list, err)
	}
	if _, err := s.Verify(t.Context(), without.Version, nil); err != nil {
		t.Error(err)
	}
}

// What a killed process left behind holds people too: it goes.
func TestForgetSweeps(t *testing.T) {
	s := newShelf(t)
	m := mustWrite(t, s, sample(), "", day)
	for _, name := range []string{draftPattern + "x", gonePattern + m.Version} {
		if err := os.CopyFS(filepath.Join(s.dir, name), os.DirFS(s.Dir(m.Version))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), m.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Forget(t.Context(), is(needle), "", day, nil); err != nil {
		t.Fatal(err)
	}
	if left := leftovers(t, s); len(left) > 0 || holdsBytes(t, s.dir) {
		t.Errorf("left behind: %v", left)
	}
}

// A broken snapshot cannot be searched: the others are done, and the error says so.
func TestForgetTellsOfBroken(t *testing.T) {
	s := newShelf(t)
	broken := mustWrite(t, s, &rows{scale: catalog.Scale5}, "", day.Add(-time.Hour))
	mustWrite(t, s, sample(), "", day)
	if err := os.WriteFile(filepath.Join(s.Dir(broken.Version), "users.parquet"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	done, err := s.Forget(t.Context(), is(needle), "", day, nil)
	if len(done) != 1 || !errors.Is(err, ErrBroken) || !bytes.Contains([]byte(err.Error()), []byte(broken.Version)) {
		t.Errorf("%v, %v", done, err)
	}
}

// Who was forgotten while the source was read is not in the snapshot.
func TestWriteAsksWhoIsGone(t *testing.T) {
	s := newShelf(t)
	gone := func(context.Context) (func(catalog.UserID) bool, error) { return is(needle), nil }
	m, _, err := s.Write(t.Context(), sample(), Origin{Gone: gone}, day, nil)
	if err != nil || m.Version != versionOfRows(t, sample().without(needle)) || holdsBytes(t, s.dir) {
		t.Errorf("version %s, %v", m.Version, err)
	}
	fails := func(context.Context) (func(catalog.UserID) bool, error) { return nil, catalog.ErrUnavailable }
	if _, _, err := s.Write(t.Context(), sample(), Origin{Gone: fails}, day, nil); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("%v, want unavailable", err)
	}
}
