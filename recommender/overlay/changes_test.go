package overlay_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// nearby returns the ids of the neighbours of id, best first, with their
// similarities.
func nearby(s *overlay.State, id catalog.MovieID) string { return neighbours(s, id, "%s:%.2f") }

func neighbours(s *overlay.State, id catalog.MovieID, format string) string {
	row, known := s.Snapshot.Movies.Row(id)
	if !known {
		return "unknown"
	}
	var out []string
	for _, n := range s.Snapshot.Table.Of(row) {
		out = append(out, fmt.Sprintf(format, s.Snapshot.Movies.IDs[n.Row], n.Score))
	}
	return strings.Join(out, " ")
}

// A laying is the net result of changes.
type laying struct {
	order       []catalog.MovieID // as they came first
	movies      map[catalog.MovieID]overlay.Added
	gone        map[catalog.MovieID]bool
	hidden      []catalog.MovieID
	corrections []catalog.Correction
}

// Changes in any order end where their net result ends that is laid on at once: with
// the same movies, neighbours, lists by every arm, index and count.
func TestChangesInAnyOrder(t *testing.T) {
	now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(rt *rapid.T) {
		ids := make([]catalog.MovieID, 30) // of which the first 20 are in the build
		for i := range ids {
			ids[i] = catalog.MovieID(fmt.Sprintf("m%02d", i))
		}
		id := rapid.SampledFrom(ids)
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh")), 0, 9, -1)
		var base []catalog.Movie
		for _, id := range ids[:20] {
			base = append(base, film(string(id), word.Draw(rt, "word")))
		}
		b := build(t, base, []catalog.UserSeen{{User: "u", Seen: catalog.Seen{Movie: "m03", At: now, Rated: true, Rating: 4}}}, rapid.IntRange(1, 12).Draw(rt, "k"))
		index, err := flat.New(b.vecs, dims)
		if err != nil {
			rt.Fatal(err)
		}
		b.index = index
		begun := b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs}}).state(t)
		s := begun
		net := laying{movies: map[catalog.MovieID]overlay.Added{}, gone: map[catalog.MovieID]bool{}}
		for range rapid.IntRange(1, 12).Draw(rt, "changes") {
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				var batch []overlay.Added
				for _, id := range rapid.SliceOfN(id, 1, 4).Draw(rt, "added") {
					a := added(film(string(id), word.Draw(rt, "word")))[0]
					batch = append(batch, a)
					if _, known := net.movies[id]; !known {
						net.order = append(net.order, id)
					}
					net.movies[id] = a
					delete(net.gone, id)
				}
				s = must(t)(s.With(t.Context(), batch))
			case 2:
				left := rapid.SliceOfN(id, 1, 3).Draw(rt, "removed")
				s = must(t)(s.Without(t.Context(), left))
				for _, id := range left {
					if _, known := begun.Snapshot.Movies.Row(id); known || net.movies[id].Vector != nil {
						net.gone[id] = true
					}
				}
			case 3:
				net.hidden = rapid.SliceOfN(id, 0, 4).Draw(rt, "hidden")
				s = must(t)(s.Hide(net.hidden))
			case 4:
				net.corrections = nil
				for range rapid.IntRange(0, 5).Draw(rt, "corrections") {
					net.corrections = append(net.corrections, catalog.Correction{
						Movie: id.Draw(rt, "movie"), Other: id.Draw(rt, "other"), Kind: rapid.SampledFrom([]catalog.CorrectionKind{catalog.Pin, catalog.Block}).Draw(rt, "kind")})
				}
				s = must(t)(s.Correct(net.corrections))
			}
		}
		var all []overlay.Added
		for _, id := range net.order {
			all = append(all, net.movies[id])
		}
		want := must(t)(begun.Correct(net.corrections))
		want = must(t)(want.With(t.Context(), all))
		want = must(t)(want.Without(t.Context(), slices.Collect(maps.Keys(net.gone))))
		want = must(t)(want.Hide(net.hidden))
		compare(t, rt, s, want, ids, now)

		if again := must(t)(s.Hide(net.hidden)); again != s {
			rt.Fatal("hiding the same made another state")
		}
		if again := must(t)(s.Correct(net.corrections)); again != s {
			rt.Fatal("the same corrections made another state")
		}
	})
}

// compare checks that two states answer alike, and that nobody lists what is hidden
// or gone.
func compare(t *testing.T, rt *rapid.T, got, want *overlay.State, ids []catalog.MovieID, now time.Time) {
	if got.Len() != want.Len() {
		rt.Fatalf("%d movies are not as they were built, want %d", got.Len(), want.Len())
	}
	answer := func(s *overlay.State, l rank.List) string {
		var out []string
		for _, i := range l.Items {
			if s.Snapshot.Hidden(i.Row) {
				rt.Fatalf("%s is listed by %s, and hidden or gone", s.Snapshot.Movies.IDs[i.Row], l.Arm)
			}
			out = append(out, fmt.Sprintf("%s:%v", s.Snapshot.Movies.IDs[i.Row], i.Score))
		}
		return strings.Join(out, " ")
	}
	all := func(s *overlay.State, id catalog.MovieID) []string {
		row, known := s.Snapshot.Movies.Row(id)
		out := []string{neighbours(s, id, "%s:%v"), fmt.Sprint(known, s.Has(id))}
		if !known {
			return out
		}
		out = append(out, fmt.Sprint(s.Snapshot.Hidden(row), s.Snapshot.Movies.IsGone(row)), answer(s, s.Snapshot.Similar(row, rank.Request{N: 20, Now: now})))
		taste := s.Snapshot.Movies.Resolve([]catalog.Seen{{Movie: id, Rated: true, Rating: 5}}, catalog.Scale5)
		for _, arm := range s.Snapshot.Arms.Names() {
			out = append(out, answer(s, s.Snapshot.Recommend(rank.Request{Taste: taste, Arm: arm, N: 20, Now: now})))
		}
		if v := s.Vector(row); !indexer.ZeroRow(v, dims, 0) {
			hits, err := s.Index.Search(t.Context(), v, 40, nil)
			if err != nil {
				rt.Fatal(err)
			}
			for _, h := range hits {
				out = append(out, fmt.Sprintf("%s:%.5f", s.Snapshot.Movies.IDs[h.Row], h.Score))
			}
		}
		return out
	}
	for _, id := range ids {
		g, w := all(got, id), all(want, id)
		if !slices.Equal(g, w) {
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					rt.Fatalf("%s (%d):\n%s\nat once:\n%s", id, i, g[i], w[i])
				}
			}
			rt.Fatalf("%s: %d answers, want %d", id, len(g), len(w))
		}
	}
}

var three = []catalog.Movie{film("a", "aaaa"), film("b", "aaab"), film("c", "aaac"), film("z", "zzzz")}

// What is hidden stays hidden when it comes, leaves and comes again, still speaks for
// who watched it, and is listed again when it is not hidden any more.
func TestHide(t *testing.T) {
	s := build(t, three, nil, 3).state(t)
	s = must(t)(s.Hide([]catalog.MovieID{"later", "b", "b"}))
	list := func() (ids []catalog.MovieID) {
		taste := s.Snapshot.Movies.Resolve([]catalog.Seen{{Movie: "b", Rated: true, Rating: 5}}, catalog.Scale5)
		for _, i := range s.Snapshot.Recommend(rank.Request{Taste: taste, N: 20, Now: time.Now()}).Items {
			ids = append(ids, s.Snapshot.Movies.IDs[i.Row])
		}
		return ids
	}
	if got := list(); !slices.Equal(got, []catalog.MovieID{"a", "c", "z"}) {
		t.Errorf("list %v; want what b, which is hidden, is near to", got)
	}
	s = must(t)(s.With(t.Context(), added(film("later", "aaad"))))
	s = must(t)(s.Without(t.Context(), []catalog.MovieID{"b", "later"}))
	s = must(t)(s.With(t.Context(), added(film("later", "aaad"), film("b", "aaab"))))
	if got := list(); slices.Contains(got, "later") {
		t.Errorf("list %v with a hidden movie", got)
	}
	if got := s.Hidden(); !slices.Equal(got, []catalog.MovieID{"b", "later"}) {
		t.Errorf("hidden: %v", got)
	}
	s = must(t)(s.Hide(nil))
	if got := list(); !slices.Contains(got, "later") {
		t.Errorf("list %v, want the movie that is no longer hidden", got)
	}
}

// A movie that left brings no candidates and is in no list; when it comes back it is
// in its row, as if it had never left.
func TestWithout(t *testing.T) {
	begun := build(t, three, nil, 3).state(t)
	s := must(t)(begun.Without(t.Context(), []catalog.MovieID{"b", "nobody", "b"}))
	if got := nearby(s, "a"); strings.Contains(got, "b:") || nearby(s, "b") != "" {
		t.Errorf("near a: %s, near b: %s", got, nearby(s, "b"))
	}
	row, known := s.Snapshot.Movies.Row("b")
	if !known || !s.Snapshot.Movies.IsGone(row) || !s.Snapshot.Hidden(row) || s.Has("b") || s.Len() != 0 || s.Snapshot.Movies.Len() != 4 {
		t.Error("b is not gone")
	}
	if again := must(t)(s.Without(t.Context(), []catalog.MovieID{"b"})); again != s {
		t.Error("a movie left twice")
	}
	if taste := s.Snapshot.Movies.Resolve([]catalog.Seen{{Movie: "b"}, {Movie: "a"}}, catalog.Scale5); len(taste.Watched) != 1 || taste.Unknown != 1 {
		t.Errorf("what left speaks: %+v", taste)
	}
	if taste := s.Snapshot.Movies.Present(seen(row, 0)); len(taste.Watched) != 1 || len(taste.Seen) != 1 || taste.Seen[0].Movie != 0 || taste.Unknown != 1 {
		t.Errorf("what left speaks: %+v", taste)
	}
	back := must(t)(s.With(t.Context(), added(film("b", "aaab"))))
	if nearby(back, "a") != nearby(begun, "a") || nearby(back, "b") != nearby(begun, "b") || back.Len() != 0 {
		t.Errorf("it came back near %s with %d changes, want %s and none", nearby(back, "b"), back.Len(), nearby(begun, "b"))
	}
}

func TestCorrect(t *testing.T) {
	pin := func(movie, other catalog.MovieID) catalog.Correction {
		return catalog.Correction{Movie: movie, Other: other, Kind: catalog.Pin}
	}
	block := func(movie, other catalog.MovieID) catalog.Correction {
		return catalog.Correction{Movie: movie, Other: other, Kind: catalog.Block}
	}
	begun := build(t, append(slices.Clone(three), film("zz", "zzzz")), nil, 2).state(t)
	for _, c := range []struct {
		name string
		all  []catalog.Correction
		near map[catalog.MovieID]string
	}{
		{"none", nil, map[catalog.MovieID]string{"a": "b:0.95 c:0.95", "z": "zz:1.00 a:0.00"}},
		{"in one direction", []catalog.Correction{pin("a", "z")}, map[catalog.MovieID]string{"a": "z:1.00 b:0.95", "z": "zz:1.00 a:0.00"}},
		{"in both", []catalog.Correction{pin("a", "z"), pin("z", "a")}, map[catalog.MovieID]string{"a": "z:1.00 b:0.95", "z": "a:1.00 zz:1.00"}},
		{"blocked", []catalog.Correction{block("a", "b"), block("z", "b")}, map[catalog.MovieID]string{"a": "c:0.95", "z": "zz:1.00 a:0.00"}},
		{"the last counts", []catalog.Correction{pin("a", "b"), block("a", "b")}, map[catalog.MovieID]string{"a": "c:0.95"}},
		{"a neighbour is pinned", []catalog.Correction{pin("a", "c")}, map[catalog.MovieID]string{"a": "c:1.00 b:0.95"}},
		{"more than there is room for", []catalog.Correction{pin("a", "c"), pin("a", "z"), pin("a", "zz")}, map[catalog.MovieID]string{"a": "c:1.00 z:1.00"}},
		{"itself, and unknown ones", []catalog.Correction{pin("a", "a"), pin("a", "x"), pin("x", "a")}, map[catalog.MovieID]string{"a": "b:0.95 c:0.95", "x": "unknown"}},
	} {
		s := must(t)(begun.Correct(c.all))
		for id, want := range c.near {
			if got := nearby(s, id); got != want {
				t.Errorf("%s: near %s %q, want %q", c.name, id, got, want)
			}
			row, known := s.Snapshot.Movies.Row(id)
			if !known {
				continue
			}
			if got := s.Corrected(row, begun.Neighbours(row), 2); !slices.Equal(got, s.Snapshot.Table.Of(row)) {
				t.Errorf("%s: from elsewhere %v, want %v", c.name, got, s.Snapshot.Table.Of(row))
			}
		}
		if back := must(t)(s.Correct(nil)); nearby(back, "a") != nearby(begun, "a") {
			t.Errorf("%s: taken back, near a is %q", c.name, nearby(back, "a"))
		}
	}

	s := must(t)(begun.Correct([]catalog.Correction{pin("x", "z"), pin("a", "x")})) // before x comes
	s = must(t)(s.With(t.Context(), added(film("x", "aaax"))))
	if nearby(s, "x") != "z:1.00 a:0.95" || nearby(s, "a") != "x:1.00 b:0.95" {
		t.Errorf("corrections of what came later: near x %q, near a %q", nearby(s, "x"), nearby(s, "a"))
	}
	s = must(t)(s.Without(t.Context(), []catalog.MovieID{"x"}))
	if nearby(s, "x") != "" || nearby(s, "a") != "b:0.95 c:0.95" || len(s.Corrections()) != 2 {
		t.Errorf("corrections of what left: near x %q, near a %q", nearby(s, "x"), nearby(s, "a"))
	}
}

// An index that is elsewhere and away for changes.
type away struct {
	indexer.Index
	err error
}

func (a away) With(context.Context, []indexer.Later) (indexer.Index, error) { return nil, a.err }

// A change does not wait for an index that is out of reach: what came later is found
// beside it. An index that refuses the change is another matter.
func TestIndexAway(t *testing.T) {
	b := build(t, three, nil, 3)
	index, err := flat.New(b.vecs, dims)
	if err != nil {
		t.Fatal(err)
	}
	b.index = away{index, fmt.Errorf("no route: %w", catalog.ErrUnavailable)}
	s := must(t)(b.state(t).With(t.Context(), added(film("n", "zzzy"))))
	s = must(t)(s.Without(t.Context(), []catalog.MovieID{"a"}))
	hits, err := s.Index.Search(t.Context(), s.Vector(3), 9, nil)
	if err != nil || len(hits) != 4 || s.Snapshot.Movies.IDs[hits[1].Row] != "n" || s.Index.Len() != 5 {
		t.Errorf("near z: %v of %d, %v; want the new movie behind z, and a not", hits, s.Index.Len(), err)
	}
	b.index = away{index, errors.New("refused")}
	if _, err := b.state(t).With(t.Context(), added(film("n", "zzzy"))); err == nil || !strings.Contains(err.Error(), "index: refused") {
		t.Errorf("error %v, want the index's", err)
	}
}
