package dataset

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
)

func TestDiff(t *testing.T) {
	s := newShelf(t)
	a := mustWrite(t, s, sample(), "", day)
	after := sample()
	after.scale = catalog.Scale10
	after.movies[1].Overview, after.movies[1].Year = strings.Repeat("é", 100), 1996
	after.movies = slices.Delete(after.movies, 0, 1)
	after.users = append(after.users, catalog.User{ID: "7"})
	after.seen[1].At, after.seen[1].Rated = day.Add(time.Minute), true // now the newest of its user
	after.seen[0], after.seen[1] = after.seen[1], after.seen[0]
	after.seen = slices.Delete(after.seen, 3, 4)
	b := mustWrite(t, s, after, a.Version, day.Add(time.Hour))
	d, err := s.Diff(t.Context(), a.Version, b.Version, 5)
	if err != nil {
		t.Fatal(err)
	}
	want := Diff{From: a.Version, To: b.Version, FromScale: catalog.Scale5, ToScale: catalog.Scale10, Tables: []TableDiff{
		{Table: tableMovies, Same: 1, Removed: 1, Changed: 1, Examples: []Example{
			{Change: "removed", Movie: "bare+"},
			{Change: "changed", Movie: "heat+1995", Fields: []FieldChange{
				{"overview", `"A thief \u003cb\u003eplans\u003c/b\u003e \u0026 a detective hunts. 映画"`, `"` + strings.Repeat("é", 39) + "..."},
				{"year", "1995", "1996"},
			}},
		}},
		{Table: tableUsers, Same: 3, Added: 1, Examples: []Example{{Change: "added", User: "7"}}},
		{Table: tableSeen, Same: 3, Removed: 1, Changed: 1, Examples: []Example{
			{Change: "changed", User: "1", Movie: "heat+1995", Fields: []FieldChange{{"at", `"2024-02-29T11:00:00.123456Z"`, `"2024-02-29T12:01:00.123456Z"`}, {Name: "rated", After: "true"}}},
			{Change: "removed", User: "22222222", Movie: "ronin+1998"},
		}},
		{Table: tableAccounts, Same: 3},
	}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("diff %+v\nwant %+v", d, want)
	}
	if d, err := s.Diff(t.Context(), a.Version, b.Version, 0); err != nil || d.Tables[0].Changed != 1 || len(d.Tables[0].Examples) > 0 {
		t.Errorf("without examples: %+v, %v", d, err)
	}
	if _, err := s.Diff(t.Context(), a.Version, b.Version, -1); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("-1 examples: %v", err)
	}
	if _, err := s.Diff(t.Context(), a.Version, strings.Repeat("0", 32), 1); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("unknown version: %v", err)
	}
}

// The counts are those of a comparison by maps, and the way back is the way there.
func TestDiffCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := anyRows(rt), anyRows(rt)
		x := diffSeen(rt, a.seen, b.seen)
		y := diffSeen(rt, b.seen, a.seen)
		if x.Same != y.Same || x.Changed != y.Changed || x.Added != y.Removed || x.Removed != y.Added {
			rt.Fatalf("%+v there, %+v back", x, y)
		}
		before := map[[2]string]catalog.UserSeen{}
		for _, s := range a.seen {
			before[[2]string{string(s.User), string(s.Movie)}] = s
		}
		var want TableDiff
		for _, s := range b.seen {
			k := [2]string{string(s.User), string(s.Movie)}
			old, both := before[k]
			delete(before, k)
			switch {
			case !both:
				want.Added++
			case old == s:
				want.Same++
			default:
				want.Changed++
			}
		}
		want.Removed = int64(len(before))
		if x.Same != want.Same || x.Added != want.Added || x.Removed != want.Removed || x.Changed != want.Changed {
			rt.Fatalf("%+v, want %+v", x, want)
		}
	})
}

func diffSeen(rt *rapid.T, a, b []catalog.UserSeen) TableDiff {
	snap := func(digest string) *Snapshot {
		return &Snapshot{manifest: Manifest{Tables: []Table{{Name: tableSeen, Digest: digest}}}}
	}
	d, err := diffTable(seenKind, snap("a"), snap("b"), 1, (&rows{seen: a}).Histories(context.Background()), (&rows{seen: b}).Histories(context.Background()))
	if err != nil {
		rt.Fatal(err)
	}
	return d
}

// An error of either side ends the comparison.
func TestDiffFails(t *testing.T) {
	good, bad := sample(), sample()
	bad.err = errFault
	for _, c := range [][2]*rows{{good, bad}, {bad, good}} {
		x, y := &Snapshot{manifest: Manifest{Tables: []Table{{Name: tableSeen, Digest: "a"}}}}, &Snapshot{}
		if _, err := diffTable(seenKind, x, y, 1, c[0].Histories(t.Context()), c[1].Histories(t.Context())); !errors.Is(err, errFault) {
			t.Errorf("error %v", err)
		}
	}
}
