package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// What changes a movie takes an id, a whole title or "Title (Year)", and nothing less.
func TestMovieIsNamedInWhole(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films+
		`{"id":"300","title":"Quiz Show","year":1994}
{"id":"51662","title":"300","year":2006}
{"id":"2571","title":"The Matrix","year":1999}
{"id":"6365","title":"Matrix Reloaded, The","year":2003}
{"id":"heat+1986","title":"Heat","year":1986}
`))
	there := func(id catalog.MovieID) bool {
		t.Helper()
		_, err := s.store().Movie(t.Context(), id)
		return err == nil
	}
	s.must("movie", "remove", "300", "--yes")
	s.refuses(exitNotFound, "movie restore 300", "movie", "remove", "300", "--yes")
	if there("300") || !there("51662") {
		t.Fatal("removing movie 300 twice removed another")
	}
	s.refuses(exitNotFound, "id 51662", "movie", "hide", "3000") // no movie, and nearly a title
	s.refuses(exitNotFound, "id 51662", "movie", "hide", "30")   // part of a title
	s.refuses(exitNotFound, "The Matrix (1999), id 2571", "movie", "remove", "Matri", "--yes")
	s.refuses(exitNotFound, "Ronin (1998), id ronin+1998", "movie", "edit", "Ronni", "--year", "1999")
	s.refuses(exitNotFound, "Amélie (2001), id amelie+2001", "movie", "hide", "Amelie")
	s.refuses(exitNotFound, "Ronin (1998), id ronin+1998", "movie", "hide", "Ronin (1997)")
	s.refuses(exitNotFound, "movie search", "movie", "hide", "Nothing of that kind")
	s.refuses(exitUsage, "by its id", "movie", "hide", "heat") // two films

	for name, want := range map[string]catalog.MovieID{
		"Heat (1995)": "heat+1995", "HEAT (1986)": "heat+1986", "Heat (heat+1986)": "heat+1986", "Matrix, The": "2571", "matrix, the (1999)": "2571",
		"The Matrix Reloaded": "6365", "The Matrix Reloaded (2003)": "6365", "300 (2006)": "51662", "ronin": "ronin+1998", "51662": "51662",
	} {
		var out struct{ Movies []catalog.MovieID }
		s.result(&out, "movie", "hide", name)
		if !slices.Equal(out.Movies, []catalog.MovieID{want}) {
			t.Errorf("%q is %q, want %q", name, out.Movies, want)
		}
	}
	if text := s.must("movie", "show", "reload"); !strings.Contains(text, "6365") { // who only looks may say less
		t.Errorf("shown by part of a title:\n%s", text)
	}
}

// A movie that was removed comes back with its facts.
func TestMovieRestore(t *testing.T) {
	s := editorShell(t)
	const id = "heat+1995"
	for _, back := range [][]string{{"movie", "restore", id}, {"movie", "edit", id, "--revert"}} {
		before := s.must("movie", "show", id, "--versions", "0")
		s.must("movie", "remove", id, "--yes")
		s.must(back...)
		if after := s.must("movie", "show", id, "--versions", "0"); after != before {
			t.Errorf("after %v:\n%s\nwant\n%s", back, after, before)
		}
		if got := s.near("ronin+1998"); !slices.Contains(got, id) {
			t.Errorf("after %v the neighbours of another are %q", back, got)
		}
	}
	s.must("movie", "edit", id, "--tagline", "New")
	s.must("movie", "remove", id, "--yes")
	s.must("movie", "edit", id, "--to", "2") // with the tagline is number 1
	if text := s.must("movie", "show", id, "--versions", "0"); strings.Contains(text, "New") {
		t.Errorf("an earlier version:\n%s", text)
	}
	s.refuses(exitUsage, "in the catalog", "movie", "restore", id)
	s.refuses(exitNotFound, "was removed", "movie", "restore", "nobody+1900")
	s.refuses(exitUsage, "no id", "movie", "restore", "a b")
	s.must("movie", "remove", id, "--yes")
	s.refuses(exitUsage, "movie restore", "movie", "edit", id, "--revert", "--year", "1990")
	s.refuses(exitNotFound, "no number 99", "movie", "edit", id, "--to", "99")
}

// Two reverts go back by two changes, and --to goes anywhere.
func TestMovieRevertGoesFurtherBack(t *testing.T) {
	s := editorShell(t)
	tagline := func() string {
		t.Helper()
		var out shownMovie
		s.result(&out, "movie", "show", "Ronin")
		return out.Tagline
	}
	for _, text := range []string{"one", "two", "three"} {
		s.must("movie", "edit", "Ronin", "--tagline", text)
	}
	if text := s.must("movie", "show", "Ronin"); !strings.Contains(text, "\n1. Until ") || !strings.Contains(text, "\n3. Until ") {
		t.Errorf("versions have no numbers:\n%s", text)
	}
	for _, want := range []string{"two", "one", ""} {
		if text := s.must("movie", "edit", "Ronin", "--revert"); !strings.Contains(text, "back to version") || tagline() != want {
			t.Errorf("a revert gave %q, want %q\n%s", tagline(), want, text)
		}
	}
	s.refuses(exitNotFound, "no further", "movie", "edit", "Ronin", "--revert")
	s.must("movie", "edit", "Ronin", "--to", "1")
	if tagline() != "one" {
		t.Errorf("version 1 is %q, want the one before the last revert", tagline())
	}
	s.refuses(exitNotFound, "no number 70", "movie", "edit", "Ronin", "--to", "70")
	s.refuses(exitUsage, "newest", "movie", "edit", "Ronin", "--to=-1")
	s.refuses(exitUsage, "one of them", "movie", "edit", "Ronin", "--to", "1", "--revert")
	s.refuses(exitUsage, "--release-date", "movie", "edit", "Ronin") // no fact
}

// Facts that cannot be meant are refused, from flags and from JSON; what is likely a slip
// is told.
func TestMovieFactsAreChecked(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films+`{"id":"odd","title":"Odd","release_date":"soon","language":"english","imdb_id":"862","tmdb_id":7}`+"\n"))
	for _, c := range []struct{ want, flag, value, json string }{
		{"YYYY-MM-DD", "--release-date", "2027-13-01", `{"release_date":"2027-13-01"}`},
		{"YYYY-MM-DD", "--release-date", "2027-02-30", `{"release_date":"2027-02-30"}`},
		{"YYYY-MM-DD", "--release-date", "1/2/2027", `{"release_date":"1/2/2027"}`},
		{"no title", "--title", " \t", `{"title":" "}`},
		{"1850 to 2200", "--year", "99999", `{"year":99999}`},
		{"two or three letters", "--language", "english", `{"language":"e1"}`},
		{"tt0114709", "--imdb-id", "114709", `{"imdb_id":"tt"}`},
		{"0 to 100000", "--runtime", "-3", `{"runtime_minutes":-3}`},
		{"0 or more", "--cost-usd", "-1", `{"cost_usd":-1}`},
		{"positive", "--tmdb-id", "-1", `{"tmdb_id":-1}`},
	} {
		s.refuses(exitUsage, c.want, "movie", "edit", "Heat", c.flag+"="+c.value)
		s.refuses(exitUsage, c.want, "movie", "edit", "Heat", "--json", s.file("fact.json", c.json))
		if c.flag != "--title" {
			s.refuses(exitUsage, c.want, "movie", "add", "--title", "New", c.flag+"="+c.value)
		}
	}
	s.refuses(exitUsage, "no title", "movie", "add", "--title", "  ", "--id", "x")
	s.refuses(exitUsage, `field "year" is a string, and is to be a whole number`, "movie", "edit", "Heat", "--json", s.file("kind.json", `{"year":"1995"}`))
	s.refuses(exitUsage, "it is an array", "movie", "edit", "Heat", "--json", s.file("array.json", `[1]`))
	s.refuses(exitUsage, "no JSON at byte", "movie", "edit", "Heat", "--json", s.file("none.json", `{year:1}`))
	s.refuses(exitUsage, "before the object does", "movie", "edit", "Heat", "--json", s.file("cut.json", `{"year":`))
	s.must("movie", "edit", "odd", "--tagline", "What came odd may stay so") // not of this edit
	s.must("movie", "edit", "Heat", "--release-date", "1995-12-15", "--language", "EN", "--original-title", "Hitze", "--cost-usd", "0.5")
	text := s.must("movie", "show", "Heat")
	for _, want := range []string{"1995-12-15", "Hitze", "0.5 USD", "  en\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("movie show does not tell %q:\n%s", want, text)
		}
	}

	var out editedMovie
	s.result(&out, "movie", "edit", "Heat", "--genres", "Crime,Thriler,Opera", "--tmdb-id", "7", "--dry-run")
	told := strings.Join(out.Notes, "\n")
	for _, want := range []string{`"Thriler"; did you mean "Thriller"?`, `genre "Opera"`, "movie odd has tmdb_id 7 too"} {
		if !strings.Contains(told, want) || strings.Contains(told, `"Crime"`) {
			t.Errorf("notes of an edit:\n%s\nwant %s", told, want)
		}
	}
	if text := s.must("movie", "add", "--title", "New", "--genres", "Crimes"); !strings.Contains(text, `did you mean "Crime"?`) {
		t.Errorf("a new movie:\n%s", text)
	}
}

// Neighbours that no list has are marked.
func TestNeighboursAreMarked(t *testing.T) {
	s := editorShell(t)
	s.must("movie", "hide", "The Score")
	s.must("movie", "edit", "Ronin", "--release-date", time.Now().AddDate(1, 0, 0).Format(time.DateOnly))
	text := s.must("movie", "neighbours", "Heat")
	if !strings.Contains(text, "The Score (2001) [hidden]") || !strings.Contains(text, "Ronin (1998) [not released yet]") || strings.Count(text, "[") != 2 {
		t.Errorf("neighbours of Heat:\n%s", text)
	}
	var out shownNeighbours
	s.result(&out, "movie", "neighbours", "Heat")
	for _, n := range out.Neighbours {
		if n.Hidden != (n.ID == "the+score+2001") || n.Unreleased != (n.ID == "ronin+1998") {
			t.Errorf("%+v", n)
		}
	}
}

// Hiding and correcting tell what was so before, and of which movies they are.
func TestMovieEditorialWords(t *testing.T) {
	s := editorShell(t)
	says := func(want string, args ...string) {
		t.Helper()
		if text := s.must(append([]string{"movie"}, args...)...); !strings.Contains(text, want) {
			t.Errorf("movie %s says, want %q:\n%s", strings.Join(args, " "), want, text)
		}
	}
	says("was not hidden", "unhide", "Heat")
	says("is hidden", "hide", "Heat", "--note", "one")
	says("its note is now: two", "hide", "Heat", "--note", "two")
	says("was hidden already\n", "hide", "Heat", "--note", "two")
	says("two", "hidden")
	s.refuses(exitUsage, "note", "movie", "hide", "Heat", "--note", strings.Repeat("x", 501))
	var hidden []shownHidden
	s.must("movie", "hide", "Ronin")
	s.must("movie", "pin", "Heat", "Ronin")
	s.must("movie", "remove", "Ronin", "--yes")
	s.result(&hidden, "movie", "hidden")
	if len(hidden) != 2 || hidden[0].Title != "Heat (1995)" || hidden[0].Removed || !hidden[1].Removed || hidden[0].Note != "two" {
		t.Errorf("hidden: %+v", hidden)
	}
	var all []shownCorrection
	s.result(&all, "movie", "corrections")
	if len(all) != 1 || all[0].Title != "Heat (1995)" || all[0].OtherTitle != notThere || !slices.Equal(all[0].Removed, []catalog.MovieID{"ronin+1998"}) || all[0].Kind != catalog.Pin {
		t.Errorf("corrections: %+v", all)
	}
	says("Heat (1995)", "corrections")
	says("as the texts have it", "pin", "Heat", "ronin+1998", "--undo") // though it is gone
}
