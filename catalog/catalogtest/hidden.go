package catalogtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// hiddenIDs returns the ids of the movies that s hides.
func hiddenIDs(t tester, hidden []catalog.Hidden, err error) (ids []catalog.MovieID) {
	t.Helper()
	must(t, err)
	for _, h := range hidden {
		ids = append(ids, h.Movie)
	}
	return ids
}

// lines returns changes after seq as texts.
func lines(t testing.TB, s Store, seq int64) (out []string) {
	t.Helper()
	for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(t.Context(), seq, 0)) {
		out = append(out, strings.TrimSpace(fmt.Sprint(c.Seq, " ", c.Kind, " ", c.Subject, " ", string(c.Detail))))
	}
	return out
}

func testHidden(t *testing.T, s Store) {
	ctx := t.Context()
	hide := func(hidden bool, note string, ids ...catalog.MovieID) int {
		t.Helper()
		return ok[int](t)(s.SetHidden(ctx, ids, hidden, note))
	}
	ids := func() []catalog.MovieID {
		t.Helper()
		hidden, err := s.Hidden(ctx)
		return hiddenIDs(t, hidden, err)
	}
	same(t, "none", ids(), nil)
	same(t, "hide nothing", hide(true, "why"), 0)
	same(t, "unhide what is not hidden", hide(false, "", "a"), 0)
	same(t, "no change", ok[int64](t)(s.LastChange(ctx)), 0)

	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "a"}}))
	same(t, "hide, known or not", hide(true, "a \"bad\" print", "b", "a", "é", "b", "Z"), 4)
	same(t, "by bytes", ids(), []catalog.MovieID{"Z", "a", "b", "é"})
	before := ok[[]catalog.Hidden](t)(s.Hidden(ctx))
	for _, h := range before {
		same(t, "note", h.Note, "a \"bad\" print")
		if age := time.Since(h.At); age < -time.Minute || age > time.Hour {
			t.Errorf("%s is hidden since %v, want now", h.Movie, h.At)
		}
	}
	told := ok[[]catalog.Change](t)(s.ChangesSince(ctx, 1, 0))
	same(t, "one time", told[0].At, before[0].At)
	same(t, "hidden already", hide(true, "a \"bad\" print", "a", "b"), 0)
	same(t, "hidden already, without a note", hide(true, "", "a", "b"), 0)
	same(t, "as it was", ok[[]catalog.Hidden](t)(s.Hidden(ctx)), before)
	same(t, "some", hide(true, "", "c", "a"), 1)
	same(t, "unhide", hide(false, "new print", "é", "x", "b", "é"), 2)
	same(t, "left", ids(), []catalog.MovieID{"Z", "a", "c"})
	same(t, "again", hide(true, "", "b"), 1)
	same(t, "changes", lines(t, s, 1), []string{
		`2 hide b {"note":"a \"bad\" print"}`, `3 hide a {"note":"a \"bad\" print"}`, `4 hide é {"note":"a \"bad\" print"}`, `5 hide Z {"note":"a \"bad\" print"}`,
		"6 hide c", `7 unhide é {"note":"new print"}`, `8 unhide b {"note":"new print"}`, "9 hide b",
	})
	counts(t, s, catalog.Counts{Movies: 1, Hidden: 4})
	before = ok[[]catalog.Hidden](t)(s.Hidden(ctx))
	same(t, "another note", hide(true, "better known", "c", "Z", "d"), 1)
	same(t, "not unhidden with one", hide(false, "why", "d"), 1)
	before[0].Note, before[3].Note = "better known", "better known" // Z and c, since when they were
	same(t, "noted", ok[[]catalog.Hidden](t)(s.Hidden(ctx)), before)
	same(t, "told", lines(t, s, 9), []string{
		`10 hide d {"note":"better known"}`, `11 hide c {"note":"better known"}`, `12 hide Z {"note":"better known"}`, `13 unhide d {"note":"why"}`,
	})

	var many []catalog.MovieID // more than two statements
	for i := range 700 {
		many = append(many, catalog.MovieID(fmt.Sprint("many", i)))
	}
	same(t, "many", hide(true, "", append(many, "a")...), 700)
	same(t, "most of them", hide(false, "", many[1:]...), 699)
	same(t, "one left", ids(), []catalog.MovieID{"Z", "a", "b", "c", "many0"})
	var odd []catalog.MovieID
	for _, id := range oddIDs {
		odd = append(odd, catalog.MovieID(id))
	}
	same(t, "odd ids", hide(true, "", odd...), len(odd)-1) // a is hidden
	same(t, "odd ids", len(ids()), 4+len(odd))
}

func testHiddenInvalid(t *testing.T, s Store) {
	ctx := t.Context()
	for what, note := range map[string]string{"long note": strings.Repeat("x", 501), "NUL in note": "a\x00", "note no text": "\xff"} {
		_, err := s.SetHidden(ctx, []catalog.MovieID{"a"}, true, note)
		fails(t, what, err, catalog.ErrInvalid)
	}
	for _, id := range []catalog.MovieID{"", "a b", "a,b", "a\x00", catalog.MovieID(strings.Repeat("x", 201))} {
		for _, hidden := range []bool{true, false} {
			_, err := s.SetHidden(ctx, []catalog.MovieID{"a", id}, hidden, "")
			fails(t, "id", err, catalog.ErrInvalid)
		}
		_, err := s.RemoveMovies(ctx, []catalog.MovieID{"a", id})
		fails(t, "removed id", err, catalog.ErrInvalid)
	}
	counts(t, s, catalog.Counts{})
	same(t, "longest note", ok[int](t)(s.SetHidden(ctx, []catalog.MovieID{"a"}, true, strings.Repeat("é", 250))), 1)
	same(t, "longest note", ok[[]catalog.Hidden](t)(s.Hidden(ctx))[0].Note, strings.Repeat("é", 250))
}
