package catalogtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

func pin(movie, other catalog.MovieID) catalog.Correction {
	return catalog.Correction{Movie: movie, Other: other, Kind: catalog.Pin, At: epoch}
}

func block(movie, other catalog.MovieID) catalog.Correction {
	return catalog.Correction{Movie: movie, Other: other, Kind: catalog.Block, At: epoch}
}

func testCorrections(t *testing.T, s Store) {
	ctx := t.Context()
	put := func(c catalog.Correction) bool {
		t.Helper()
		return ok[bool](t)(s.PutCorrection(ctx, c))
	}
	remove := func(movie, other catalog.MovieID) bool {
		t.Helper()
		return ok[bool](t)(s.RemoveCorrection(ctx, movie, other))
	}
	of := func(movie catalog.MovieID) []catalog.Correction {
		t.Helper()
		return ok[[]catalog.Correction](t)(s.Corrections(ctx, movie))
	}
	same(t, "none", of(""), nil)
	same(t, "none of a", of("a"), nil)
	same(t, "remove none", remove("a", "b"), false)

	ab, ac, ba := pin("a", "b"), block("a", "é"), pin("b", "a") // a direction each
	ab.Note = "the sequel"
	same(t, "first", put(ab), true)
	same(t, "second", put(ac), true)
	same(t, "other direction", put(ba), true)
	same(t, "all", of(""), []catalog.Correction{ab, ac, ba})
	same(t, "of a", of("a"), []catalog.Correction{ab, ac})
	same(t, "of é", of("é"), nil)

	later := ab
	later.At = after(time.Hour)
	same(t, "said before", put(later), false)
	same(t, "as it was", of("a"), []catalog.Correction{ab, ac})
	later.Note = ""
	same(t, "another note", put(later), true)
	later.Kind = catalog.Block
	same(t, "another kind", put(later), true)
	same(t, "the last counts", of("a"), []catalog.Correction{later, ac})

	same(t, "remove", remove("a", "é"), true)
	same(t, "remove again", remove("a", "é"), false)
	same(t, "left", of(""), []catalog.Correction{later, ba})
	same(t, "once more", put(ac), true)
	var told []catalog.Correction
	for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, 0, 0)) {
		var x catalog.Correction
		must(t, json.Unmarshal(c.Detail, &x))
		same(t, "kind and subject of change", fmt.Sprint(c.Kind, " ", c.Subject), fmt.Sprint(catalog.ChangeCorrect, " ", x.Movie))
		told = append(told, x)
	}
	other := later
	other.Kind = catalog.Pin
	same(t, "changes", told, []catalog.Correction{ab, ac, ba, other, later, {Movie: "a", Other: "é"}, ac})
	counts(t, s, catalog.Counts{Corrections: 3})

	now := catalog.Correction{Movie: "now", Other: "a", Kind: catalog.Pin}
	same(t, "without a time", put(now), true)
	if age := time.Since(of("now")[0].At); age < -time.Minute || age > time.Hour {
		t.Errorf("a correction without a time is of %v, want now", of("now")[0].At)
	}
	for _, id := range oddIDs {
		odd := pin(catalog.MovieID("of"+id[:min(len(id), 196)]), catalog.MovieID(id))
		same(t, "odd id", put(odd), true)
		same(t, "of "+id, of(odd.Movie), []catalog.Correction{odd})
	}
}

func testCorrectionsInvalid(t *testing.T, s Store) {
	ctx := t.Context()
	for what, spoil := range map[string]func(c *catalog.Correction){
		"no movie":     func(c *catalog.Correction) { c.Movie = "" },
		"no other":     func(c *catalog.Correction) { c.Other = "" },
		"movie":        func(c *catalog.Correction) { c.Movie = "a b" },
		"other":        func(c *catalog.Correction) { c.Other = "a\x00" },
		"itself":       func(c *catalog.Correction) { c.Other = c.Movie },
		"no kind":      func(c *catalog.Correction) { c.Kind = "" },
		"unknown kind": func(c *catalog.Correction) { c.Kind = "hide" },
		"long note":    func(c *catalog.Correction) { c.Note = strings.Repeat("x", 501) },
		"note no text": func(c *catalog.Correction) { c.Note = "\xff" },
	} {
		c := pin("a", "b")
		spoil(&c)
		_, err := s.PutCorrection(ctx, c)
		fails(t, what, err, catalog.ErrInvalid)
	}
	for _, pair := range [][2]catalog.MovieID{{"", "b"}, {"a", ""}, {"a b", "b"}, {"a", "\xff"}} {
		_, err := s.RemoveCorrection(ctx, pair[0], pair[1])
		fails(t, "remove", err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{})
}
