package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
)

func testRemoveMovies(t *testing.T, s Store) {
	ctx := t.Context()
	remove := func(ids ...catalog.MovieID) int {
		t.Helper()
		return ok[int](t)(s.RemoveMovies(ctx, ids))
	}
	full := fullMovie()
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "a"}, full, {ID: "b"}}))
	held(t)(s.Append(ctx, catalog.Batch{Partition: "p", To: 1, Minutes: []catalog.Minute{{User: "7", Movie: full.ID, At: epoch, Minute: 84}}}))
	ok[int](t)(s.SetHidden(ctx, []catalog.MovieID{full.ID}, true, ""))
	ok[bool](t)(s.PutCorrection(ctx, pin(full.ID, "a")))
	same(t, "nothing", remove(), 0)
	same(t, "unknown", remove("x"), 0)
	same(t, "no change", ok[int64](t)(s.LastChange(ctx)), 5)
	same(t, "removed", remove("b", "x", full.ID, "b"), 2)
	same(t, "again", remove("b", full.ID), 0)
	_, err := s.Movie(ctx, full.ID)
	fails(t, "removed", err, catalog.ErrNotFound)
	same(t, "left", all(t, s.Movies(ctx)), []catalog.Movie{{ID: "a"}})
	same(t, "found", ok[[]catalog.Movie](t)(s.FindMovies(ctx, full.Title, 5)), nil)
	same(t, "told", lines(t, s, 5), []string{"6 movie b", "7 movie " + string(full.ID)})
	same(t, "watched", ok[[]catalog.Seen](t)(s.History(ctx, "7", 0)), []catalog.Seen{{Movie: full.ID, At: epoch, Days: 1}})
	same(t, "missing", ok[[]catalog.MovieID](t)(s.MissingMovies(ctx)), []catalog.MovieID{full.ID})
	counts(t, s, catalog.Counts{Movies: 1, Watches: 1, Hidden: 1, Corrections: 1, Versions: 2})
	same(t, "back", ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{full, {ID: "a"}})), catalog.Tally{New: 1, Same: 1})
	same(t, "as it was", ok[catalog.Movie](t)(s.Movie(ctx, full.ID)), full)
	same(t, "as it was after the third change", ok[catalog.Movie](t)(s.MovieAt(ctx, full.ID, 3)), full)

	var many []catalog.Movie // more than two statements
	var ids []catalog.MovieID
	for i := range 700 {
		ids = append(ids, catalog.MovieID(fmt.Sprint(i)))
		many = append(many, catalog.Movie{ID: ids[i], Year: 1 + i})
	}
	ok[catalog.Tally](t)(s.PutMovies(ctx, many))
	last := ok[int64](t)(s.LastChange(ctx))
	same(t, "many", remove(ids...), 700)
	same(t, "left", ok[int](t)(s.MovieCount(ctx)), 2)
	same(t, "one of them", ok[catalog.Movie](t)(s.MovieAt(ctx, "699", last)), many[699])
	same(t, "the last to go", ok[catalog.Movie](t)(s.MovieAt(ctx, "699", last+699)), many[699])
	_, err = s.MovieAt(ctx, "699", last+700)
	fails(t, "gone", err, catalog.ErrNotFound)
}

func testMovieVersions(t *testing.T, s Store) {
	ctx := t.Context()
	of := func(id catalog.MovieID, limit int) []catalog.MovieVersion {
		t.Helper()
		versions := ok[[]catalog.MovieVersion](t)(s.MovieVersions(ctx, id, limit))
		for i, v := range versions {
			if age := time.Since(v.At); age < -time.Minute || age > time.Hour {
				t.Errorf("a version ended %v, want now", v.At)
			}
			versions[i].At = time.Time{}
		}
		return versions
	}
	put := func(want catalog.Tally, movies ...catalog.Movie) {
		t.Helper()
		same(t, "tally", ok[catalog.Tally](t)(s.PutMovies(ctx, movies)), want)
	}
	full, second, third := fullMovie(), fullMovie(), fullMovie()
	second.Overview, third.Title = "another", "another"
	same(t, "unknown", of(full.ID, 0), nil)
	put(catalog.Tally{New: 2}, full, catalog.Movie{ID: "a"}) // 1, 2
	put(catalog.Tally{Same: 1}, full)
	same(t, "nothing for what is new", of(full.ID, 0), nil)
	counts(t, s, catalog.Counts{Movies: 2})
	put(catalog.Tally{New: 1, Changed: 1, Same: 2}, catalog.Movie{ID: "b"}, second, third, catalog.Movie{ID: "a"}) // b 3, the third 4
	same(t, "first", of(full.ID, 0), []catalog.MovieVersion{{Since: 1, Until: 4, Movie: full}})
	put(catalog.Tally{Changed: 1}, second)                         // 5
	ok[int](t)(s.RemoveMovies(ctx, []catalog.MovieID{full.ID}))    // 6
	ok[int](t)(s.SetHidden(ctx, []catalog.MovieID{"a"}, true, "")) // 7
	put(catalog.Tally{New: 1}, full)                               // 8
	put(catalog.Tally{Changed: 1}, second)                         // 9
	want := []catalog.MovieVersion{
		{Since: 8, Until: 9, Movie: full}, {Since: 5, Until: 6, Movie: second}, {Since: 4, Until: 5, Movie: third}, {Since: 1, Until: 4, Movie: full},
	}
	same(t, "all", of(full.ID, 0), want)
	same(t, "newest", of(full.ID, 2), want[:2])
	same(t, "of others", of("a", 0), nil)
	same(t, "told of each", ok[[]catalog.Change](t)(s.ChangesSince(ctx, 8, 0))[0].At, ok[[]catalog.MovieVersion](t)(s.MovieVersions(ctx, full.ID, 1))[0].At)
	counts(t, s, catalog.Counts{Movies: 3, Hidden: 1, Versions: 4})
}

// movieStates is the model of [testMovieAt]: all movies, after each change.
type movieStates struct {
	prefix string
	first  int64 // the number of the state before all
	states []map[catalog.MovieID]catalog.Movie
}

// edit draws something to be done to some movies, does it, and adds the states that
// the log says it led to. To shows how the movies are in the end.
func (m *movieStates) edit(ctx context.Context, t *rapid.T, s Store) {
	to := maps.Clone(m.states[len(m.states)-1])
	switch ids := drawOf(t, m.prefix); rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		for _, id := range ids {
			delete(to, id)
		}
		ok[int](t)(s.RemoveMovies(ctx, ids))
	case 1: // a number that is no movie's
		ok[int](t)(s.SetHidden(ctx, ids, rapid.Bool().Draw(t, "hidden"), ""))
	default:
		var movies []catalog.Movie
		for _, id := range ids {
			to[id] = catalog.Movie{ID: id, Year: rapid.IntRange(1900, 1902).Draw(t, "year")}
			movies = append(movies, to[id])
		}
		ok[catalog.Tally](t)(s.PutMovies(ctx, movies))
	}
	for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, m.last(), 0)) {
		next := maps.Clone(m.states[len(m.states)-1])
		if c.Kind == catalog.ChangeMovie {
			delete(next, catalog.MovieID(c.Subject))
			if movie, there := to[catalog.MovieID(c.Subject)]; there {
				next[movie.ID] = movie
			}
		}
		m.states = append(m.states, next)
		same(t, "number", c.Seq, m.last())
	}
	same(t, "in the end", m.states[len(m.states)-1], to)
}

func (m *movieStates) last() int64 { return m.first + int64(len(m.states)) - 1 }

// versions returns how often facts of a movie ended.
func (m *movieStates) versions(id catalog.MovieID) (n int) {
	for i, state := range m.states[1:] {
		before, was := m.states[i][id]
		if now, is := state[id]; was && (!is || now.Year != before.Year) {
			n++
		}
	}
	return n
}

// A movie of the past is the movie of then, after any change, whatever came later;
// and each version tells when it was so.
func testMovieAt(t *testing.T, s Store) {
	ctx := t.Context()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		m := movieStates{prefix: fmt.Sprint("round", round, "-"), first: ok[int64](t)(s.LastChange(ctx)), states: []map[catalog.MovieID]catalog.Movie{{}}}
		for range rapid.IntRange(1, 7).Draw(t, "edits") {
			m.edit(ctx, t, s)
		}
		for i := range 2 { // of 4, which take turns
			id := catalog.MovieID(fmt.Sprint(m.prefix, (round+2*i)%4))
			for seq := m.first - 1; seq <= m.last()+1; seq++ {
				want, there := m.states[max(0, min(int(seq-m.first), len(m.states)-1))][id]
				got, err := s.MovieAt(ctx, id, seq)
				if there != (err == nil) || !there && !errors.Is(err, catalog.ErrNotFound) {
					t.Fatalf("%s after change %d: %v, want that it was there is %v", id, seq, err, there)
				}
				same(t, fmt.Sprint(id, " after change ", seq), got, want)
			}
			versions := ok[[]catalog.MovieVersion](t)(s.MovieVersions(ctx, id, 1000))
			same(t, "versions of "+string(id), len(versions), m.versions(id))
			for _, v := range versions {
				for _, seq := range []int64{v.Since, v.Until - 1} {
					same(t, fmt.Sprint("version of ", id, " after change ", seq), v.Movie, m.states[seq-m.first][id])
				}
			}
		}
	})
}

// Earlier facts go with the changes that ended them: what is left is right, and of
// what is gone nothing is said.
func testPruneVersions(t *testing.T, s Store) {
	const years = 30
	ctx := t.Context()
	for year := range years { // two changes each
		ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "a", Year: 1900 + year}, {ID: "b", Year: 1900 + year}}))
	}
	ok[int](t)(s.RemoveMovies(ctx, []catalog.MovieID{"b"})) // 61
	counts(t, s, catalog.Counts{Movies: 1, Versions: 2*years - 1})
	for _, rows := range []int64{100, 41, 40, 7, 1} {
		var told catalog.Removal
		gone := ok[catalog.Removal](t)(s.Prune(ctx, catalog.Retention{Changes: catalog.Limit{Rows: rows}}, time.Now(), 4, func(r catalog.Removal) {
			if n := r.Total() - told.Total(); n < 1 || n > 4 {
				t.Errorf("a transaction removed %d rows, want 1 to 4", n)
			}
			told = r
		}))
		same(t, "told", told, gone)
		pruned := max(0, 2*years+1-rows) // the last that went
		same(t, "nothing else", gone.Total(), gone.Changes+gone.Versions)
		left := 0
		for _, id := range []catalog.MovieID{"a", "b"} {
			versions := ok[[]catalog.MovieVersion](t)(s.MovieVersions(ctx, id, 0))
			left += len(versions)
			if i := slices.IndexFunc(versions, func(v catalog.MovieVersion) bool { return v.Until <= pruned }); i >= 0 {
				t.Errorf("%d rows: a version until change %d is left, want none until %d", rows, versions[i].Until, pruned)
			}
		}
		same(t, "versions that are counted", ok[catalog.Counts](t)(s.Counts(ctx)).Versions, left)
		if pruned > 0 {
			same(t, "versions", left, int(2*years+1-max(pruned, 2))) // changes 1 and 2 ended none
		}
		for seq := int64(1); seq <= 2*years+1; seq++ {
			m, err := s.MovieAt(ctx, "a", seq)
			if err == nil {
				same(t, fmt.Sprint("a after change ", seq), m.Year, 1900+int(min(seq, 2*years)-1)/2)
			} else if !errors.Is(err, catalog.ErrNotFound) || seq >= pruned {
				t.Errorf("%d rows: a after change %d: %v", rows, seq, err)
			}
			if m, err := s.MovieAt(ctx, "b", seq); seq >= max(2, pruned) && seq <= 2*years {
				must(t, err)
				same(t, fmt.Sprint("b after change ", seq), m.Year, 1900+int(seq-2)/2)
			} else if seq == 1 || seq > 2*years {
				fails(t, fmt.Sprint("b after change ", seq), err, catalog.ErrNotFound)
			}
		}
	}
	same(t, "in the end", ok[catalog.Counts](t)(s.Counts(ctx)), catalog.Counts{Movies: 1, Changes: 1, Versions: 1})
}
