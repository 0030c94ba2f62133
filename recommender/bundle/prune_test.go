package bundle

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
)

// later is when nothing on a shelf is fresh any more.
func later() time.Time { return time.Now().Add(time.Hour) }

// numbers says which of ids are in list, by their place, from 1.
func numbers(ids []string, list []Manifest) []int {
	n := []int{}
	for _, m := range list {
		n = append(n, slices.Index(ids, m.ID)+1)
	}
	return n
}

func TestPrune(t *testing.T) {
	for _, c := range []struct {
		name    string
		keep    Keep
		rolled  int // back so often
		removed []int
	}{
		{"all but the live one", Keep{}, 0, []int{1, 2, 3, 5}},
		{"the newest", Keep{Newest: 2}, 0, []int{1, 2, 3}},
		{"more than there are", Keep{Newest: 100}, 0, []int{}},
		{"young", Keep{Age: time.Since(time.Date(2020, 1, 2, 5, 34, 5, 0, time.UTC)) + time.Hour}, 0, []int{1, 2}},
		{"published", Keep{Published: 2}, 0, []int{1, 5}},
		{"published, after a rollback", Keep{Published: 1}, 1, []int{1, 4, 5}},
		{"what was taken back", Keep{Published: 3}, 2, []int{1, 5}},
		{"named by something else", Keep{Also: func(string) bool { return true }}, 0, []int{}},
	} {
		s, ids := shelved(t, 5)
		publish(t, s, ids[1], ids[2], ids[3])
		for range c.rolled {
			if _, _, err := s.Rollback(t.Context(), "", ""); err != nil {
				t.Fatal(err)
			}
		}
		dry, wouldFree, err := s.Prune(t.Context(), c.keep, later(), true)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := s.List(); err != nil || len(left) != 5 {
			t.Errorf("%s: %d bundles after a dry run, %v; want 5", c.name, len(left), err)
		}
		removed, freed, err := s.Prune(t.Context(), c.keep, later(), false)
		if err != nil {
			t.Fatal(err)
		}
		if got := numbers(ids, removed); !slices.Equal(got, c.removed) {
			t.Errorf("%s: removed %v, want %v", c.name, got, c.removed)
		}
		if !slices.Equal(numbers(ids, removed), numbers(ids, dry)) || freed != wouldFree || freed > 0 != (len(removed) > 0) {
			t.Errorf("%s: removed %d and freed %d, the dry run said %d and %d", c.name, len(removed), freed, len(dry), wouldFree)
		}
		if left, err := s.List(); err != nil || len(left) != 5-len(c.removed) {
			t.Errorf("%s: %d bundles left, %v", c.name, len(left), err)
		}
		if err := s.Verify(ids[3]); c.rolled == 0 && err != nil {
			t.Errorf("%s: the live one: %v", c.name, err)
		}
	}
	s := shelf(t)
	if _, _, err := s.Prune(t.Context(), Keep{Newest: -1}, time.Now(), false); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("keep -1: %v, want invalid", err)
	}
}

// What was put on the shelf a moment ago is about to be published.
func TestPruneKeepsWhatIsFresh(t *testing.T) {
	s, ids := shelved(t, 2)
	publish(t, s, ids[0])
	if removed, _, err := s.Prune(t.Context(), Keep{}, time.Now(), false); err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v; want nothing", numbers(ids, removed), err)
	}
}

// As long as it is not known what was live, everything stays.
func TestPruneWithABrokenPointer(t *testing.T) {
	s, _ := shelved(t, 2)
	write(t, filepath.Join(s.dir, pointerName), []byte("rubbish"))
	if removed, _, err := s.Prune(t.Context(), Keep{}, later(), false); !errors.Is(err, ErrBroken) || len(removed) > 0 {
		t.Errorf("removed %d, %v; want ErrBroken", len(removed), err)
	}
}

// A file with several names comes free with the last of them.
func TestPruneCountsWhatIsFreed(t *testing.T) {
	s, ids := shelved(t, 3)
	manifest := func(i int) int64 {
		info, err := os.Stat(filepath.Join(s.Dir(ids[i]), fileManifest))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	all, err := s.Manifest(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	var shared int64 // between the first two
	for _, f := range all.Files {
		if f.Name == fileVectors || f.Name == fileHistories {
			name := filepath.Join(s.Dir(ids[1]), f.Name)
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			if err := os.Link(filepath.Join(s.Dir(ids[0]), f.Name), name); err != nil {
				t.Fatal(err)
			}
			shared += f.Bytes
		}
	}
	publish(t, s, ids[2])
	keepSecond := Keep{Also: func(id string) bool { return id == ids[1] }}
	if _, freed, err := s.Prune(t.Context(), keepSecond, later(), true); err != nil || freed != all.Bytes()-shared+manifest(0) {
		t.Errorf("the first alone would free %d, %v; want %d", freed, err, all.Bytes()-shared+manifest(0))
	}
	want := 2*all.Bytes() - shared + manifest(0) + manifest(1)
	removed, freed, err := s.Prune(t.Context(), Keep{}, later(), false)
	if err != nil || len(removed) != 2 || freed != want {
		t.Errorf("both free %d, %v; want %d", freed, err, want)
	}
}

// Whatever was cut short goes, but what comes in from elsewhere is kept for a day.
func TestPruneSweeps(t *testing.T) {
	s, ids := shelved(t, 1)
	incoming := filepath.Join(s.dir, incomingPrefix+ids[0])
	for _, name := range []string{filepath.Join(s.dir, draftPattern+"1"), filepath.Join(s.dir, prunedPrefix+ids[0]), filepath.Join(s.dir, forgottenPrefix+ids[0]), incoming} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(name, fileVectors), make([]byte, 100))
	}
	for i, c := range []struct {
		now   time.Time
		freed int64
		left  int
	}{{later(), 300, 1}, {time.Now().Add(2 * draftAge), 100, 0}} {
		if _, freed, err := s.Prune(t.Context(), Keep{Newest: 1}, c.now, false); err != nil || freed != c.freed {
			t.Errorf("call %d freed %d, %v; want %d", i+1, freed, err, c.freed)
		}
		if left, err := s.drafts(draftPattern); err != nil || len(left) != c.left {
			t.Errorf("call %d left %v, %v; want %d", i+1, left, err, c.left)
		}
	}
}
