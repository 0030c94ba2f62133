package embedder_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/embedder"
)

func TestDocument(t *testing.T) {
	for _, c := range []struct {
		name  string
		movie catalog.Movie
		want  string
	}{
		{"nothing but an id", catalog.Movie{ID: "heat+1995", TMDBID: 949, Year: 1995, RuntimeMinutes: 170, Status: "Released"}, ""},
		{"a title", catalog.Movie{ID: "1", Title: "Heat"}, "Heat."},
		{"genres alone", catalog.Movie{ID: "1", Genres: []string{"Crime"}}, "Crime."},
		{"a title that ends a sentence", catalog.Movie{Title: "Help!", OriginalTitle: "Help!"}, "Help!"},
		{"all there is", catalog.Movie{
			ID: "1", Title: "Heat 2", OriginalTitle: "Hitze", Year: 1997, Collection: "Heat Collection", Genres: []string{"Crime", "Drama"},
			Keywords: []string{"heist", "los angeles"}, Tagline: "Hotter", Overview: "A thief returns.", People: []string{"Al Pacino", "Val Kilmer"},
		}, "Heat 2. Heat. Crime, Drama. heist, los angeles. Hotter. A thief returns. Al Pacino, Val Kilmer. 1990s. 1997. Hitze."},
		{"leads alone", catalog.Movie{People: strings.Split("abcdefghij", "")}, "a, b, c, d, e, f."},
		{"an original title alone", catalog.Movie{OriginalTitle: "Hitze", Year: 2000}, "2000s. 2000. Hitze."},
		{"an encyclopedia's formula", catalog.Movie{Title: "Heat", Overview: "Heat is a 1995 American crime film directed by Michael Mann. It follows a thief."},
			"Heat. American crime directed by Michael Mann. It follows a thief."},
		{"a formula with a word before the year", catalog.Movie{Title: "Home", Overview: "Why Girls Leave Home is a lost 1921 silent drama film produced by Harry Rapf."},
			"Home. lost silent drama produced by Harry Rapf."},
		{"nothing but the formula", catalog.Movie{Title: "Max", Overview: "Max is a 1990 film."}, "Max. Max is a 1990 film."},
		{"a plot like the formula", catalog.Movie{Title: "Max", Overview: "Max is a loner who films strangers."}, "Max. Max is a loner who films strangers."},
	} {
		if got := embedder.Document(c.movie); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

// The series stands behind a name that has more than that; names in brackets and
// the original one stand last.
func TestDocumentNames(t *testing.T) {
	for _, c := range []struct{ title, original, collection, want string }{
		{"Toy Story 2", "", "", "Toy Story 2. Toy Story."},
		{"Rocky IV", "", "", "Rocky IV. Rocky."},
		{"Saw vi", "", "", "Saw vi. Saw."},
		{"The Godfather: Part II", "", "", "The Godfather: Part II. The Godfather."},
		{"Back to the Future Part III", "", "", "Back to the Future Part III. Back to the Future."},
		{"Friday the 13th Part VI: Jason Lives", "", "", "Friday the 13th Part VI: Jason Lives. Friday the 13th."},
		{"Star Wars: Episode IV - A New Hope", "", "", "Star Wars: Episode IV - A New Hope. Star Wars."},
		{"Harry Potter and the Goblet of Fire", "", "", "Harry Potter and the Goblet of Fire. Harry Potter."},
		{"Beauty and the Beast", "", "", "Beauty and the Beast."},
		{"1984", "", "", "1984."},
		{"II", "", "", "II."},
		{"Malcolm X", "", "Malcolm X Collection", "Malcolm X."},
		{"Aliens", "", "Alien Collection", "Aliens. Alien."},
		{"Die Hard 2", "", "Die Hard Collection", "Die Hard 2. Die Hard."},
		{"Spirited Away (Sen to Chihiro no kamikakushi)", "", "", "Spirited Away. Sen to Chihiro no kamikakushi."},
		{"Spirited Away (Sen to Chihiro)", "Sen to Chihiro", "", "Spirited Away. Sen to Chihiro."},
		{"Spirited Away", "Sen to Chihiro", "", "Spirited Away. Sen to Chihiro."},
		{"The Raid (a.k.a. The Raid: Redemption) (Serbuan maut)", "", "", "The Raid. The Raid: Redemption. Serbuan maut."},
		{"(500) Days of Summer", "", "", "(500) Days of Summer."},
		{"(Untitled)", "", "", "(Untitled)."},
		{"Evangelion: You Can (Not) Redo", "", "", "Evangelion: You Can (Not) Redo. Evangelion."},
	} {
		got := embedder.Document(catalog.Movie{Title: c.title, OriginalTitle: c.original, Collection: c.collection})
		if got != c.want {
			t.Errorf("%q, original %q, collection %q:\ngot  %q\nwant %q", c.title, c.original, c.collection, got, c.want)
		}
	}
}

// What names a series is among the first words, before any plot; people, year
// and other names stand behind even the longest.
func TestDocumentLong(t *testing.T) {
	long := strings.Repeat("çok uzun ", 10_000)
	got := embedder.Document(catalog.Movie{
		Title: "Heat 2 (Hitze 2)", Overview: long, People: []string{"Al Pacino"}, Year: 1997,
	})
	if !strings.HasPrefix(got, "Heat 2. Heat. çok") || !strings.HasSuffix(got, ". Al Pacino. 1990s. 1997. Hitze 2.") {
		t.Errorf("document is %.60q ... %q, want names first, then people, year and other names last", got, got[len(got)-40:])
	}
	if len(got) > 8<<10 || len(got) < 8<<10-10 {
		t.Errorf("document has %d bytes, want all the room of %d to be used", len(got), 8<<10)
	}
}

// Whatever the facts, a document is bounded, valid, and the same again; it is
// empty when and only when nothing of it is known.
func TestDocumentProperties(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.Map(rapid.IntRange(0, 20_000), func(n int) string { return strings.Repeat("é", n) }),
		rapid.Just("A is a 1990 film."), rapid.Just("A: B and the C Part 2 (D) (E)"), rapid.Just("A "+strings.Repeat("(B C D E) ", 2000)), rapid.Just("\xff\xfe"))
	rapid.Check(t, func(t *rapid.T) {
		m := catalog.Movie{
			ID: "1", Title: text.Draw(t, "title"), OriginalTitle: text.Draw(t, "original"), Collection: text.Draw(t, "collection"),
			Genres: rapid.SliceOfN(text, 0, 20).Draw(t, "genres"), People: rapid.SliceOfN(text, 0, 20).Draw(t, "people"),
			Keywords: rapid.SliceOfN(text, 0, 20).Draw(t, "keywords"), Tagline: text.Draw(t, "tagline"), Overview: text.Draw(t, "overview"),
			Year: rapid.IntRange(0, 2100).Draw(t, "year"),
		}
		if _, err := m.Normalize(); err != nil {
			t.Fatal(err)
		}
		got := embedder.Document(m)
		if len(got) > 8<<10 || !utf8.ValidString(got) || got != embedder.Document(m) {
			t.Errorf("%+v: document of %d bytes is too long, not valid UTF-8, or differs the second time", m, len(got))
		}
		known := m.Title+m.OriginalTitle+m.Collection+m.Tagline+m.Overview != "" || len(m.Genres)+len(m.People)+len(m.Keywords) > 0
		if (got != "") != known {
			t.Errorf("%+v: document is %.40q, want text: %v", m, got, known)
		}
	})
}
