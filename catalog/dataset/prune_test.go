package dataset

import (
	"errors"
	"slices"
	"testing"
	"time"

	"marquee/catalog"
)

func TestPrune(t *testing.T) {
	const hour = time.Hour
	now := day.Add(100 * hour)
	for _, c := range []struct {
		name   string
		limits Limits
		keep   []int    // of the snapshots below, 0 is the newest
		want   []string // which go, in their order: index and reason
	}{
		{"no limit", Limits{}, nil, nil},
		{"age", Limits{Age: 2*hour + time.Minute}, nil, []string{"4 age", "3 age"}},
		{"the newest stays", Limits{Age: 1, Count: 1, Bytes: 1}, nil, []string{"4 age", "3 age", "2 age", "1 age"}},
		{"count", Limits{Count: 3}, nil, []string{"4 count", "3 count"}},
		{"count with one kept", Limits{Count: 3}, []int{4}, []string{"3 count", "2 count"}},
		{"bytes", Limits{Bytes: 350}, nil, []string{"4 bytes", "3 bytes"}},
		{"bytes with one kept", Limits{Bytes: 350}, []int{3}, []string{"4 bytes", "2 bytes"}},
		{"all kept", Limits{Count: 1}, []int{0, 1, 2, 3, 4}, nil},
		{"kept by an old name", Limits{Count: 4}, []int{104}, []string{"3 count"}},
		{"age, then count", Limits{Age: 3*hour + time.Minute, Count: 2}, nil, []string{"4 age", "3 count", "2 count"}},
	} {
		name := func(i int) string { return string(rune('a'+i%100)) + string(rune('0'+i/100)) }
		var list []Manifest
		for i := range 5 {
			list = append(list, Manifest{Version: name(i), Replaces: []string{name(100 + i)}, Created: now.Add(-time.Duration(i) * hour), Tables: []Table{{Bytes: 60}, {Bytes: 40}}})
		}
		var keep []string
		for _, i := range c.keep {
			keep = append(keep, name(i))
		}
		var got []string
		for _, r := range c.limits.beyond(list, keep, now) {
			got = append(got, string(r.Version[0]-'a'+'0')+" "+r.Reason)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v go, want %v", c.name, got, c.want)
		}
	}
}

func TestPruneDeletes(t *testing.T) {
	s := newShelf(t)
	old := mustWrite(t, s, sample(), "", day)
	kept := mustWrite(t, s, &rows{scale: catalog.Scale5}, "", day.Add(time.Hour))
	newest := mustWrite(t, s, &rows{scale: catalog.Scale10}, "", day.Add(2*time.Hour))
	removed, err := s.Prune(t.Context(), Limits{Count: 1}, []string{kept.Version}, day)
	if err != nil || len(removed) != 1 || removed[0].Version != old.Version || removed[0].Bytes != old.Bytes() || !removed[0].Created.Equal(old.Created) {
		t.Errorf("%+v, %v", removed, err)
	}
	versions, err := s.Versions()
	if want := []string{kept.Version, newest.Version}; err != nil || len(versions) != 2 || !slices.Contains(versions, want[0]) || !slices.Contains(versions, want[1]) {
		t.Errorf("left %v, want %v", versions, want)
	}
	if _, err := s.Prune(t.Context(), Limits{Count: -1}, nil, day); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("-1: %v", err)
	}
}
