package rank_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// Neighbours from elsewhere that are those of the table make the very list, reasons
// and neighbours that the table makes; those that are missing are the table's.
func TestNearIsAsGoodAsTheTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		r := rand.New(rand.NewPCG(seed, 2))
		n := rapid.IntRange(2, 60).Draw(rt, "n")
		snap := random(seed, n).snapshot(t, rank.DefaultConfig(), rapid.IntRange(1, 20).Draw(rt, "k"))
		var rows []uint32
		for range rapid.IntRange(0, 6).Draw(rt, "watched") {
			rows = append(rows, uint32(r.IntN(n)))
		}
		want := rank.Request{Taste: taste(rows...), N: 20, Now: now}
		got := want
		for _, row := range rows[:rapid.IntRange(0, len(rows)).Draw(rt, "asked")] {
			list := snap.Table.Of(row)
			if r.IntN(3) == 0 {
				list = nil // not told
			}
			got.Near = append(got.Near, list)
		}
		a, b := snap.Recommend(got), snap.Recommend(want)
		if !slices.Equal(a.Items, b.Items) {
			rt.Fatalf("%+v, want %+v", a.Items, b.Items)
		}
		x, y := snap.ReasonsNear(a.Items, got.Taste, got.Near, 3), snap.Reasons(b.Items, want.Taste, 3)
		if !slices.EqualFunc(x, y, slices.Equal) {
			rt.Fatalf("because of %v, want %v", x, y)
		}
		row := uint32(r.IntN(n))
		got.Near = [][]indexer.Hit{snap.Table.Of(row)}
		if a, b := snap.Similar(row, got), snap.Similar(row, want); !slices.Equal(a.Items, b.Items) {
			rt.Fatalf("near %d: %+v, want %+v", row, a.Items, b.Items)
		}
	})
}

// An answer of none is an answer: the table is not asked.
func TestNearNothing(t *testing.T) {
	snap := random(1, 30).snapshot(t, rank.DefaultConfig(), 5)
	r := rank.Request{Taste: taste(3), N: 20, Now: now, Near: [][]indexer.Hit{{}}}
	if l := snap.Recommend(r); l.Tier != rank.TierPopular {
		t.Errorf("tier %s", l.Tier)
	}
	if l := snap.Similar(3, r); len(l.Items) != 0 {
		t.Errorf("near nothing: %v", rowsOf(l))
	}
	r.Near[0] = []indexer.Hit{{Row: 4, Score: 1.0000002}}
	if l := snap.Similar(3, r); len(l.Items) > 1 || len(l.Items) == 1 && l.Items[0].Score != 1 {
		t.Errorf("a similarity past 1: %+v", l.Items)
	}
}

// Whatever of a snapshot is replaced, the rest stays.
func TestPartsStay(t *testing.T) {
	w := random(7, 20)
	snap := w.snapshot(t, rank.DefaultConfig(), 5)
	must := func(s *rank.Snapshot, err error) *rank.Snapshot {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	table := snap.Table.WithLists(map[uint32][]indexer.Neighbour{0: {{Row: 1, Score: 1}}})
	full := must(must(must(snap.WithArms(rank.Arms{Models: []model.Named{{Name: "m", Model: fake{20, model.Everyone, func(_ model.Query, row int) float32 { return float32(row) }}}}, Default: "m"})).WithTable(table)).WithHidden([]uint32{4, 9}))
	cfg := rank.DefaultConfig()
	cfg.History = 7
	for name, next := range map[string]*rank.Snapshot{
		"With":       must(full.With(cfg)),
		"WithTable":  must(full.WithTable(table)),
		"WithArms":   must(full.WithArms(full.Arms)),
		"WithHidden": must(full.WithHidden([]uint32{9, 4})),
	} {
		if next.Table != table || next.Arms.Default != "m" || len(next.Arms.Models) != 1 || !next.Hidden(4) || !next.Hidden(9) || next.Hidden(5) {
			t.Errorf("%s lost something: table %v, arms %q, hidden %v", name, next.Table == table, next.Arms.Names(), next.Hidden(4))
		}
		if want := map[bool]int{true: 7, false: 100}[name == "With"]; next.Config.History != want {
			t.Errorf("%s: history of %d, want %d", name, next.Config.History, want)
		}
		for _, arm := range next.Arms.Names() {
			if rows := rowsOf(next.Recommend(rank.Request{Taste: taste(0), Arm: arm, N: 20, Now: now, Adult: true})); slices.Contains(rows, 4) || slices.Contains(rows, 9) {
				t.Errorf("%s: hidden movies in the list of %s: %v", name, arm, rows)
			}
		}
	}
	if next := must(full.WithHidden(nil)); next.Hidden(4) {
		t.Error("what is not hidden any more is hidden")
	}
	if snap.Hidden(4) || snap.Table == table {
		t.Error("the snapshot it began from has changed")
	}
}

// A changed word of the document is a change, even if all else is as it was.
func TestSameLooksAtTheDocument(t *testing.T) {
	m := catalog.Movie{ID: "a", Title: "A", Overview: "one"}
	rows, err := rank.NewMovies([]catalog.Movie{m})
	if err != nil {
		t.Fatal(err)
	}
	edited := m
	edited.Overview = "two"
	if !rows.Same(0, m) || rows.Same(0, edited) {
		t.Error("an edit of the text alone is not seen, or one that is none is")
	}
	rows.Genres, rows.Languages, rows.Documents = nil, nil, nil // of a bundle before format 3
	if !rows.Same(0, edited) {
		t.Error("a bundle without documents tells texts apart")
	}
}
