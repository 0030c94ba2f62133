package main

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// editorShell returns a shell with the films, and a bundle of them without models.
func editorShell(t *testing.T) shell {
	t.Helper()
	s := newShell(t)
	s.publish()
	return s
}

// publish brings the films in and publishes a build of them.
func (s shell) publish() {
	s.t.Helper()
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none")
}

// result runs a command that has to work and reads its JSON into v.
func (s shell) result(v any, args ...string) {
	s.t.Helper()
	decode(s.t, s.must(append(args, "--output", "json")...), v)
}

// refuses runs a command that has to end with a status and to say want.
func (s shell) refuses(status int, want string, args ...string) {
	s.t.Helper()
	if _, errs, code := s.run(args...); code != status || !strings.Contains(errs, want) {
		s.t.Errorf("marquee %s: exit %d, %s; want %d and %q", strings.Join(args, " "), code, errs, status, want)
	}
}

// near returns the ids of the neighbours of a movie.
func (s shell) near(movie string, args ...string) []catalog.MovieID {
	s.t.Helper()
	var out shownNeighbours
	s.result(&out, append([]string{"movie", "neighbours", movie}, args...)...)
	return idsOfNeighbours(out.Neighbours)
}

func idsOfNeighbours(list []neighbour) []catalog.MovieID {
	ids := make([]catalog.MovieID, len(list))
	for i, n := range list {
		ids[i] = n.ID
	}
	return ids
}

func TestMovieSearch(t *testing.T) {
	s := editorShell(t)
	find := func(args ...string) []catalog.MovieID {
		t.Helper()
		var out searched
		s.result(&out, append([]string{"movie", "search"}, args...)...)
		if len(out.Bundle) != 16 || out.Query == "" {
			t.Errorf("%v: %+v", args, out)
		}
		return idsOfNeighbours(out.Movies)
	}
	for _, c := range []struct {
		args string
		want []catalog.MovieID
	}{
		{"waitress love", []catalog.MovieID{"amelie+2001"}},
		{"robbery -n 1 --to-year 1996", []catalog.MovieID{"heat+1995"}},
		{"thief robbery --from-year 2001 --genre crime", []catalog.MovieID{"the+score+2001"}},
		{"robbery --genre romance", []catalog.MovieID{"amelie+2001"}}, // all that pass come back, however far
		{"robbery --language fr", []catalog.MovieID{}},
	} {
		got := find(strings.Fields(c.args)...)
		if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) || len(c.want) == 0 && len(got) > 0 {
			t.Errorf("movie search %s: %q, want %q first", c.args, got, c.want)
		}
	}
	s.refuses(exitUsage, "Crime, Thriller", "movie", "search", "robbery", "--genre", "Western")
	s.refuses(exitNotFound, "knows no word", "movie", "search", "zyzzyva")
	s.refuses(exitUsage, "is after", "movie", "search", "x", "--from-year", "2000", "--to-year", "1990")
	s.refuses(exitUsage, "some words", "movie", "search", " ")

	s.must("movie", "hide", "Heat")
	if got := find("thief", "robbery"); slices.Contains(got, "heat+1995") {
		t.Errorf("a hidden movie is found: %q", got)
	}
	if got := find("thief", "robbery", "--hidden"); !slices.Contains(got, "heat+1995") {
		t.Errorf("with --hidden it is not: %q", got)
	}
	s.must("movie", "add", "--title", "Blue Film", "--year", "1999", "--adult", "--overview", "A thief plans a robbery.")
	if got := find("thief", "robbery"); slices.Contains(got, "blue+film+1999") {
		t.Errorf("an adult movie is found: %q", got)
	}
	if got := find("thief", "robbery", "--adult"); !slices.Contains(got, "blue+film+1999") {
		t.Errorf("with --adult the movie that came after the build is not: %q", got)
	}
}

func TestMovieNeighbours(t *testing.T) {
	s := editorShell(t)
	var out shownNeighbours
	s.result(&out, "movie", "neighbours", "heat", "-n", "2")
	if len(out.Neighbours) != 2 || out.Movie != "heat+1995" || out.Neighbours[0].ID != "the+score+2001" || !slices.Contains(out.Neighbours[0].Shared, "thief") {
		t.Errorf("neighbours of Heat: %+v, want The Score first, for its thief", out)
	}
	if a, b := s.near("heat"), s.near("heat", "--from", "index"); !slices.Equal(a[:2], b[:2]) {
		t.Errorf("by table %q, by index %q", a, b)
	}
	if _, errs, code := s.run("movie", "neighbours", "heat", "-n", "500"); code != 0 || !strings.Contains(errs, "--from index") {
		t.Errorf("more than the table keeps: exit %d, %s", code, errs)
	}
	s.refuses(exitUsage, "1 to 1000", "movie", "neighbours", "heat", "-n", "0")
	s.refuses(exitNotFound, "movie search", "movie", "neighbours", "Thief")

	s.must("import", "jsonl", s.file("more.jsonl", `{"id":"thief+1981","title":"Thief","year":1981,"genres":["Crime"],"overview":"A master thief plans one last bank robbery."}`+"\n"))
	for _, from := range []string{"table", "index"} { // neither has it but by what is laid over it
		if got := s.near("heat", "--from", from); got[0] != "thief+1981" {
			t.Errorf("by %s after Thief came: %q", from, got)
		}
		if got := s.near("thief+1981", "--from", from); got[0] != "heat+1995" {
			t.Errorf("of Thief by %s: %q", from, got)
		}
	}
}

func TestMovieAdd(t *testing.T) {
	s := newShell(t)
	var out editedMovie
	s.result(&out, "movie", "add", "--title", "Heat", "--year", "1995", "--overview", "A thief plans a robbery.", "--genres", "Crime,,Crime")
	if out.Movie != "heat+1995" || !out.Stored || out.After == nil || len(out.After) > 0 {
		t.Errorf("without a bundle: %+v", out)
	}
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none")
	s.result(&out, "movie", "add", "--json", s.file("film.json", `{"id":"thief+1981","title":"Thief","year":1981,"overview":"A master thief plans one last bank robbery."}`), "--language", "en", "-n", "1")
	if out.Movie != "thief+1981" || len(out.After) != 1 || out.After[0].ID != "heat+1995" {
		t.Errorf("with one: %+v", out)
	}
	var shown shownMovie
	s.result(&shown, "movie", "show", "thief+1981")
	if shown.Language != "en" || shown.Year != 1981 {
		t.Errorf("stored: %+v", shown.Movie)
	}
	s.refuses(exitUsage, "movie edit heat+1995", "movie", "add", "--title", "Heat", "--year", "1995")
	if _, errs, code := s.run("movie", "add", "--title", "Thief", "--year", "1981", "--id", "thief-2"); code != 0 || !strings.Contains(errs, "thief+1981") {
		t.Errorf("of a title that is there: exit %d, %s", code, errs)
	}
	s.refuses(exitUsage, "--title", "movie", "add", "--year", "1990")
	s.refuses(exitUsage, "--id", "movie", "add", "--title", "!!!")
	s.refuses(exitUsage, "unknown field", "movie", "add", "--json", s.file("bad.json", `{"title":"X","plot":"?"}`))
	s.refuses(exitUsage, "more than one", "movie", "add", "--json", s.file("two.json", `{"title":"X"}{"title":"Y"}`))
	s.refuses(exitUsage, "nowhere.json", "movie", "add", "--json", "nowhere.json")
	s.refuses(exitUsage, "1850 to 2200", "movie", "add", "--title", "Odd", "--year", "90000", "--overview", "A thief.")
}

// Facts of a movie come from standard input as well.
func TestMovieFieldsFromStandardInput(t *testing.T) {
	m := catalog.Movie{ID: "a", Title: "A", Genres: []string{"Crime"}}
	before := copied(m)
	if err := (movieFields{JSON: "-"}).apply(&m, strings.NewReader(`{"genres":["Drama"],"year":1990}`)); err != nil {
		t.Fatal(err)
	}
	if m.Year != 1990 || m.Title != "A" || m.Genres[0] != "Drama" || before.Genres[0] != "Crime" {
		t.Errorf("became %+v, from %+v", m, before)
	}
	err := (movieFields{JSON: "-"}).apply(&m, io.LimitReader(endless{}, maxMovieJSON+10))
	if err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("JSON without an end: %v", err)
	}
}

// endless is blanks for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestMovieEdit(t *testing.T) {
	s := editorShell(t)
	edit := func(args ...string) (out editedMovie) {
		t.Helper()
		s.result(&out, append([]string{"movie", "edit", "amelie+2001"}, args...)...)
		return out
	}
	show := func() (out shownMovie) {
		t.Helper()
		s.result(&out, "movie", "show", "amelie+2001")
		return out
	}
	const plot = "A master thief plans one last bank robbery while a detective hunts him."
	out := edit("--overview", plot, "--dry-run")
	if out.Stored || len(out.Changes) != 1 || len(out.After) == 0 || out.After[0].ID != "heat+1995" || show().Overview == plot {
		t.Errorf("a dry run: %+v", out)
	}
	if text := s.must("movie", "edit", "amelie+2001", "--overview", plot, "--dry-run"); !strings.Contains(text, "would change") || !strings.Contains(text, "before") || !strings.Contains(text, "Heat") {
		t.Errorf("a dry run says:\n%s", text)
	}
	out = edit("--overview", plot)
	if !out.Stored || show().Overview != plot || s.near("amelie+2001")[0] != "heat+1995" {
		t.Errorf("an edit: %+v", out)
	}
	if out = edit("--overview", plot); out.Stored || len(out.Changes) > 0 {
		t.Errorf("again: %+v, want no change", out)
	}
	if out = edit("--json", s.file("genre.json", `{"genres":["Comedy"]}`)); !out.Stored || len(out.Changes) != 1 || show().Genres[0] != "Comedy" {
		t.Errorf("a genre by JSON: %+v", out)
	}
	if out = edit("--genres", ""); !out.Stored || len(show().Genres) > 0 {
		t.Errorf("an empty value: %+v and %q", out, show().Genres)
	}
	if shown := show(); len(shown.Versions) != 3 || shown.Versions[0].Movie.Genres[0] != "Comedy" {
		t.Errorf("versions: %+v", shown.Versions)
	}
	if out = edit("--revert"); !out.Stored || show().Genres[0] != "Comedy" {
		t.Errorf("back by one change: %+v", out)
	}
	s.refuses(exitUsage, "want \"amelie+2001\"", "movie", "edit", "amelie+2001", "--json", s.file("other.json", `{"id":"heat+1995"}`))
	s.refuses(exitNotFound, "no earlier facts", "movie", "edit", "ronin+1998", "--revert")
	s.refuses(exitNotFound, "did you mean", "movie", "edit", "e", "--year", "1990")

	s.refuses(exitUsage, "--yes", "movie", "remove", "Ronin")
	s.must("movie", "remove", "Ronin", "--yes")
	s.refuses(exitNotFound, "Ronin", "movie", "show", "Ronin")
	if got := s.near("heat+1995"); slices.Contains(got, "ronin+1998") {
		t.Errorf("a movie that was removed is a neighbour: %q", got)
	}
}

func TestMovieHide(t *testing.T) {
	s := editorShell(t)
	hidden := func() (ids []catalog.MovieID) {
		t.Helper()
		var all []catalog.Hidden
		s.result(&all, "movie", "hidden")
		for _, h := range all {
			ids = append(ids, h.Movie)
		}
		return ids
	}
	if out := s.must("movie", "hidden"); !strings.Contains(out, "no movie is hidden") {
		t.Errorf("at first:\n%s", out)
	}
	s.refuses(exitNotFound, "Nobody", "movie", "hide", "Heat", "Nobody")  // all or none
	s.refuses(exitNotFound, "did you mean", "movie", "hide", "Heat", "e") // part of titles
	if got := hidden(); len(got) > 0 {
		t.Errorf("%q are hidden, want none", got)
	}
	var out struct {
		Movies  []catalog.MovieID
		Hidden  bool
		Changed int
	}
	s.result(&out, "movie", "hide", "Heat", "ronin+1998", "heat+1995", "--note", "licence ended")
	if out.Changed != 2 || !out.Hidden || len(out.Movies) != 2 || !slices.Equal(hidden(), []catalog.MovieID{"heat+1995", "ronin+1998"}) {
		t.Errorf("hidden: %+v, %q", out, hidden())
	}
	if text := s.must("movie", "hide", "Heat"); !strings.Contains(text, "was hidden already\n") {
		t.Errorf("again:\n%s", text)
	}
	if text := s.must("movie", "show", "Heat"); !strings.Contains(text, "licence ended") {
		t.Errorf("shown:\n%s", text)
	}
	s.must("movie", "remove", "Ronin", "--yes")
	s.must("movie", "unhide", "ronin+1998", "Heat") // what left the catalog can be unhidden too
	if got := hidden(); len(got) > 0 {
		t.Errorf("%q are hidden still", got)
	}
}

func TestMovieCorrections(t *testing.T) {
	s := editorShell(t)
	s.must("movie", "pin", "Heat", "amelie+2001", "--both", "--note", "Paris")
	s.must("movie", "block", "Heat", "The Score")
	if got := s.near("Heat"); got[0] != "amelie+2001" || slices.Contains(got, "the+score+2001") {
		t.Errorf("neighbours of Heat: %q", got)
	}
	if got := s.near("amelie+2001"); got[0] != "heat+1995" {
		t.Errorf("neighbours of Amélie: %q", got)
	}
	if text := s.must("movie", "neighbours", "Heat"); !strings.Contains(text, "pinned") {
		t.Errorf("neighbours of Heat:\n%s", text)
	}
	var all []catalog.Correction
	s.result(&all, "movie", "corrections")
	if len(all) != 3 {
		t.Errorf("corrections: %+v", all)
	}
	s.result(&all, "movie", "corrections", "amelie+2001")
	if len(all) != 1 || all[0].Kind != catalog.Pin || all[0].Note != "Paris" {
		t.Errorf("corrections of Amélie: %+v", all)
	}
	s.must("reindex") // what editors said comes into the bundle, and counts once
	if got := s.near("Heat"); got[0] != "amelie+2001" || slices.Contains(got, "the+score+2001") {
		t.Errorf("neighbours of Heat after a reindex: %q", got)
	}
	s.must("movie", "pin", "Heat", "amelie+2001", "--both", "--undo")
	if text := s.must("movie", "block", "Heat", "The Score", "--undo"); !strings.Contains(text, "as the texts have it") {
		t.Errorf("taken back:\n%s", text)
	}
	if got := s.near("Heat"); got[0] != "the+score+2001" {
		t.Errorf("neighbours of Heat after all: %q", got)
	}
	if text := s.must("movie", "pin", "Heat", "Ronin", "--undo"); !strings.Contains(text, "no word on") {
		t.Errorf("nothing to take back:\n%s", text)
	}
	s.refuses(exitUsage, "two movies", "movie", "pin", "Heat", "heat+1995")
}

// A live bundle's manifest, as bundle show tells of it.
func (s shell) manifest(id ...string) (m bundle.Manifest) {
	s.t.Helper()
	text := s.must(append([]string{"bundle", "show", "--output", "json"}, id...)...)
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}
