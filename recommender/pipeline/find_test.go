package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// A shop is a catalog that changes, with a log of its changes. Each change is an hour
// after the one before.
type shop struct {
	store
	log   []catalog.Change
	fault error

	read  []catalog.MovieID // one at a time
	whole int               // how often all movies were read
}

var opened = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *shop) note(kind catalog.ChangeKind, subject string) {
	seq := int64(1)
	if n := len(s.log); n > 0 {
		seq = s.log[n-1].Seq + 1
	}
	s.log = append(s.log, catalog.Change{Seq: seq, At: opened.Add(time.Duration(seq) * time.Hour), Kind: kind, Subject: subject})
}

// put adds a movie or replaces it.
func (s *shop) put(m catalog.Movie) {
	at, there := slices.BinarySearchFunc(s.movies, m.ID, func(x catalog.Movie, id catalog.MovieID) int { return strings.Compare(string(x.ID), string(id)) })
	s.movies = slices.Clone(s.movies)
	if there {
		s.movies[at] = m
	} else {
		s.movies = slices.Insert(s.movies, at, m)
	}
	s.note(catalog.ChangeMovie, string(m.ID))
}

func (s *shop) drop(id catalog.MovieID) {
	s.movies = slices.DeleteFunc(slices.Clone(s.movies), func(m catalog.Movie) bool { return m.ID == id })
	s.note(catalog.ChangeMovie, string(id))
}

func (s *shop) LastChange(context.Context) (int64, error) {
	if len(s.log) == 0 {
		return 0, s.fault
	}
	return s.log[len(s.log)-1].Seq, s.fault
}

func (s *shop) ChangesSince(_ context.Context, seq int64, limit int) (out []catalog.Change, err error) {
	for _, c := range s.log {
		if c.Seq > seq && len(out) < limit {
			out = append(out, c)
		}
	}
	return out, s.fault
}

func (s *shop) Movie(_ context.Context, id catalog.MovieID) (catalog.Movie, error) {
	s.read = append(s.read, id)
	for _, m := range s.movies {
		if m.ID == id {
			return m, s.fault
		}
	}
	return catalog.Movie{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
}

func (s *shop) Movies(ctx context.Context) iter.Seq2[catalog.Movie, error] {
	s.whole++
	return s.store.Movies(ctx)
}

// newShop has some movies, each told in the log.
func newShop(titles ...string) *shop {
	s := &shop{}
	for i, t := range titles {
		s.put(catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%02d", i)), Title: t})
	}
	return s
}

// stocked is a shop of thirty movies, and a bundle of it.
func stocked(t testing.TB, o pipeline.Options) (*shop, *bundle.Bundle) {
	t.Helper()
	var titles []string
	for i := range 30 {
		titles = append(titles, title(i))
	}
	s := newShop(titles...)
	b, err := pipeline.Build(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

// title is one that no other number has, of letters in other numbers.
func title(i int) string {
	var text strings.Builder
	for k := range 12 {
		text.WriteString(strings.Repeat(string(rune('a'+(i*(k+3)+k*k)%26)), 1+(i+k)%4))
	}
	return text.String()
}

func find(t testing.TB, s *shop, b *bundle.Bundle, scope pipeline.Scope) pipeline.Found {
	t.Helper()
	f, err := pipeline.Find(t.Context(), s, b.Manifest, b.Movies, scope)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func ids(movies []catalog.Movie) string {
	out := make([]string, len(movies))
	for i, m := range movies {
		out[i] = string(m.ID)
	}
	return strings.Join(out, " ")
}

// told says what was found.
func told(f pipeline.Found) string {
	removed := make([]string, len(f.Removed))
	for i, id := range f.Removed {
		removed[i] = string(id)
	}
	return fmt.Sprintf("+[%s] ~[%s] =[%s] -[%s] of %d by %s to %d", ids(f.Added), ids(f.Changed), ids(f.Facts), strings.Join(removed, " "), f.Compared, f.How, f.Sequence)
}

func plainOptions() pipeline.Options { return options(&letters{}, &backend{recall: 1}) }

// edit changes a shop of thirty in every way.
func (s *shop) edit() {
	s.put(catalog.Movie{ID: "m40", Title: "new"})
	s.put(catalog.Movie{ID: "m03", Title: "another title"})
	s.put(catalog.Movie{ID: "m04", Title: title(4), Adult: true})
	s.put(catalog.Movie{ID: "m05", Title: title(5), RuntimeMinutes: 90}) // nothing that lists need
	s.drop("m06")
	s.note(catalog.ChangeHide, "m07")
	s.put(catalog.Movie{ID: "m41", Title: "here and gone"})
	s.drop("m41")
	s.put(catalog.Movie{ID: "m03", Title: "a third title"})
}

// The log says what to look at; each movie is looked at once, and no other.
func TestFindByChanges(t *testing.T) {
	s, b := stocked(t, plainOptions())
	if got := told(find(t, s, b, pipeline.Scope{})); got != "+[] ~[] =[] -[] of 0 by changes to 30" {
		t.Errorf("nothing changed: %s", got)
	}
	s.edit()
	s.whole = 0
	f := find(t, s, b, pipeline.Scope{})
	if got := told(f); got != "+[m40] ~[m03] =[m04] -[m06] of 6 by changes to 39" {
		t.Errorf("found %s", got)
	}
	if len(s.read) != 6 || s.whole != 0 {
		t.Errorf("read %v and everything %d times, want each movie of the log once", s.read, s.whole)
	}
	if f.Changed[0].Title != "a third title" {
		t.Errorf("movie %+v, want it as it is now", f.Changed[0])
	}
	for range 1500 { // more than a page
		s.note(catalog.ChangeHide, "m07")
	}
	s.put(catalog.Movie{ID: "m42", Title: "the last"})
	if got := told(find(t, s, b, pipeline.Scope{})); got != "+[m40 m42] ~[m03] =[m04] -[m06] of 7 by changes to 1540" {
		t.Errorf("found %s", got)
	}
}

// Where the log cannot tell, every movie is looked at, and the same is found.
func TestFindByAll(t *testing.T) {
	for name, spoil := range map[string]func(s *shop, b *bundle.Bundle){
		"a bundle without a number":      func(_ *shop, b *bundle.Bundle) { b.Manifest.Sequence = 0 },
		"another store":                  func(_ *shop, b *bundle.Bundle) { b.Manifest.Sequence = 1000 },
		"a gap at the start":             func(s *shop, _ *bundle.Bundle) { s.log = s.log[33:] },
		"a gap in the middle":            func(s *shop, _ *bundle.Bundle) { s.log = slices.Delete(s.log, 33, 35) },
		"a log of the newest alone":      func(s *shop, _ *bundle.Bundle) { s.log = s.log[len(s.log)-1:] },
		"a gap just behind the bundle's": func(s *shop, _ *bundle.Bundle) { s.log = slices.Delete(s.log, 30, 31) },
	} {
		s, b := stocked(t, plainOptions())
		s.edit()
		spoil(s, b)
		if got := told(find(t, s, b, pipeline.Scope{})); got != "+[m40] ~[m03] =[m04] -[m06] of 31 by all to 39" {
			t.Errorf("%s: found %s", name, got)
		}
	}
}

// With All everything counts as changed, whatever its hash.
func TestFindAll(t *testing.T) {
	s, b := stocked(t, plainOptions())
	s.edit()
	f := find(t, s, b, pipeline.Scope{All: true})
	if len(f.Added) != 1 || len(f.Changed) != 29 || len(f.Facts) != 0 || len(f.Removed) != 1 || !f.Anew || !f.Whole || f.Sequence != 39 {
		t.Errorf("found %s", told(f))
	}
	f = find(t, s, b, pipeline.Scope{All: true, IDs: []catalog.MovieID{"m09"}})
	if got := told(f); got != "+[] ~[m09] =[] -[] of 1 by ids to 30" || !f.Anew || f.Whole {
		t.Errorf("found %s", got)
	}
}

// Ids are looked at and no others, so the bundle's number stays.
func TestFindByIDs(t *testing.T) {
	s, b := stocked(t, plainOptions())
	s.edit()
	got := told(find(t, s, b, pipeline.Scope{IDs: []catalog.MovieID{"m06", "m03", "m40", "m09", "m03"}}))
	if got != "+[m40] ~[m03] =[] -[m06] of 4 by ids to 30" {
		t.Errorf("found %s", got)
	}
	_, err := pipeline.Find(t.Context(), s, b.Manifest, b.Movies, pipeline.Scope{IDs: []catalog.MovieID{"m01", "m41", "nix"}})
	if !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), `["m41" "nix"]`) {
		t.Errorf("error %v, want one that names both", err)
	}
}

// A time looks at what the log names since then. The bundle's number moves only if
// nothing was skipped.
func TestFindSince(t *testing.T) {
	s, b := stocked(t, plainOptions())
	s.edit()
	at := func(seq int) time.Time { return opened.Add(time.Duration(seq) * time.Hour) }
	for since, want := range map[int]string{
		33: "+[] ~[m03] =[m04] -[m06] of 5 by changes to 30",
		39: "+[] ~[m03] =[] -[] of 1 by changes to 30",
		31: "+[m40] ~[m03] =[m04] -[m06] of 6 by changes to 39",
		20: "+[m40] ~[m03] =[m04] -[m06] of 17 by changes to 39",
		99: "+[] ~[] =[] -[] of 0 by changes to 30",
	} {
		if got := told(find(t, s, b, pipeline.Scope{Since: at(since)})); got != want {
			t.Errorf("since %d: found %s, want %s", since, got, want)
		}
	}
	s.log = s.log[10:] // pruned: of what is older than anybody asks for
	if got := told(find(t, s, b, pipeline.Scope{Since: at(33)})); got != "+[] ~[m03] =[m04] -[m06] of 5 by changes to 30" {
		t.Errorf("a short log: found %s", got)
	}
	if got := told(find(t, s, b, pipeline.Scope{Since: at(5)})); !strings.Contains(got, "by all to 39") {
		t.Errorf("a log that does not reach back: found %s", got)
	}
}

func TestFindRefuses(t *testing.T) {
	s, b := stocked(t, plainOptions())
	old := *b.Movies
	old.Genres, old.Languages, old.Documents = nil, nil, nil
	check := func(name string, movies *rank.Movies, scope pipeline.Scope, want error, text string) {
		t.Helper()
		if _, err := pipeline.Find(t.Context(), s, b.Manifest, movies, scope); !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %v and %q", name, err, want, text)
		}
	}
	check("an old format", &old, pipeline.Scope{}, catalog.ErrInvalid, "marquee build")
	check("two scopes", b.Movies, pipeline.Scope{IDs: []catalog.MovieID{"m01"}, Since: opened}, catalog.ErrInvalid, "one of them")
	s.put(catalog.Movie{ID: "m50"})
	s.fault = catalog.ErrUnavailable
	for _, scope := range []pipeline.Scope{{}, {All: true}, {IDs: []catalog.MovieID{"m01"}}} {
		check("store away", b.Movies, scope, catalog.ErrUnavailable, "")
	}
}
