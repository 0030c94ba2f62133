package bundle

import (
	"errors"
	"testing"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// Whoever names a bundle finds what took its place, however often people were forgotten.
func TestSuccessor(t *testing.T) {
	s := shelf(t)
	b := counted(t)
	b.Histories.Add("u3", rank.Taste{Watched: []rank.Watched{{Row: 2, Preference: 10}}})
	first := put(t, s, b)
	if id, err := s.Successor(first.ID); err != nil || id != first.ID {
		t.Errorf("before: %s, %v", id, err)
	}
	before := []string{first.ID}
	for _, u := range []catalog.UserID{"u1", "u2", "u3"} {
		done, _, err := s.Forget(t.Context(), is(u))
		if err != nil || len(done) != 1 {
			t.Fatalf("forget %s: %+v, %v", u, done, err)
		}
		for _, id := range before {
			if now, err := s.Successor(id); err != nil || now != done[0].New {
				t.Errorf("without %s, %s is %q, %v; want %s", u, id, now, err, done[0].New)
			}
		}
		before = append(before, done[0].New)
	}
	if _, err := s.Load(t.Context(), before[3], open); err != nil {
		t.Error(err)
	}
	if _, err := s.Successor("0123456789abcdef"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("of a bundle that never was: %v", err)
	}
	if _, err := s.Successor("../escape"); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("of what is no id: %v", err)
	}
}
