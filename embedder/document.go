package embedder

import (
	"regexp"
	"strconv"
	"strings"

	"marquee/catalog"
)

// Limits of a document. MiniLM reads 256 word pieces, some 1,200 bytes; other
// embedders read more, but none needs a whole book.
const (
	maxDocumentBytes = 8 << 10
	maxPartBytes     = 512 // of each part but the plot, which has the rest
	maxGenres        = 10
	maxPeople        = 6  // the leads: a bit part says little about a movie
	maxKeywords      = 12 // the most used come first
)

// Document returns the text that stands for m before an embedder: the one place
// where it is composed. The same facts give the same text, of at most 8 KiB of
// valid UTF-8. A movie of which nothing but its id (or such as year, runtime and
// cost) is known has the empty text.
//
// In this order: the name, once; the series, where the name has more than that;
// genres, keywords and tagline; the plot without the formula that opens most of
// them (see plot); people, decade and year; last, the names that the movie has
// in other languages.
//
// What comes first counts most, and a name that counts most draws namesakes
// ("Heat" and "White Heat") and not movies of a kind. The table has the steps,
// each on top of the one above, and what lost, on ml-latest-small with its
// metadata: the share of a movie's sequels among its first 10 neighbours, the
// share of namesakes there, how many times oftener than chance the same people
// like a movie and its first 20 (sequels aside), and NDCG@20 of lists by likeness
// alone on an inner split. MiniLM saw 2,162 of the 9,742 movies, so the two sides
// do not compare; on all of them it went from 0.916, 0.243, 4.79 and 0.0395 to
// 0.914, 0.188, 5.45 and 0.0411. Series and decade before the name have still
// fewer namesakes, but lose 0.03 of the sequels there. The table was made with the
// decade behind the series; on a catalog of 36,272 movies lsa then took the decade
// for what a movie is about ("Alien" near "Empire of the Ants"), so it stands with
// the year. That costs nothing that could be measured.
//
//	                             LSA                         MiniLM
//	                             sequel namesk lift  NDCG    sequel namesk lift  NDCG
//	before: name twice, first    0.913  0.450  4.92  0.0356  0.955  0.109  3.71  0.0520
//	name once                    0.901  0.224  5.61  0.0431  0.942  0.088  3.87  0.0488
//	... decade and series        0.941  0.217  6.32  0.0456  0.953  0.091  4.03  0.0527
//	... other names last         0.937  0.210  6.36  0.0464  0.954  0.091  4.05  0.0534
//
//	lost: series, decade, name   0.910  0.127  6.89  0.0453  0.932  0.074  4.10  0.0543
//	lost: the same, genres, name 0.866  0.066  7.03  0.0440  0.927  0.068  4.05  0.0573
//	lost: name last              0.563  0.033  6.04  0.0217  0.870  0.051  4.11  0.0393
//	lost: "Heat (1995)"          0.869  0.175  6.63  0.0429  0.945  0.099  4.04  0.0516
//
// deploy/docs/results/document.md has more, and lists to read.
func Document(m catalog.Movie) string {
	name, others := names(m.Title)
	if !strings.Contains(m.Title, m.OriginalTitle) {
		others = append(others, m.OriginalTitle)
	}
	kind := sentences(list(m.Genres, maxGenres), list(m.Keywords, maxKeywords), m.Tagline)
	people := sentences(list(m.People, maxPeople))
	saga, text := series(name, m.Collection), plot(m.Overview)
	var decade, year string
	switch {
	case name+m.Collection+kind+people+text == "" && len(others) == 0:
		return ""
	case m.Year != 0:
		year = strconv.Itoa(m.Year)
		decade = year[:len(year)-1] + "0s"
	}
	head := join(sentences(name, saga), kind)
	tail := join(people, sentences(decade, year, strings.Join(others, ". ")))
	text = sentence(text, maxDocumentBytes-len(head)-len(tail)-2)
	return join(join(head, text), tail)
}

// bracketed is a title with other names behind it: "Spirited Away (Sen to
// Chihiro no kamikakushi)", "Alien³ (a.k.a. Alien 3)".
var bracketed = regexp.MustCompile(`^(.+?) ?((?:\([^()]+\) ?)+)$`)

// names returns a movie's name, and the names that stand in brackets behind it.
// Beside the name they would draw movies of one language together, whatever
// they tell.
func names(title string) (name string, others []string) {
	m := bracketed.FindStringSubmatch(title)
	if m == nil {
		return title, nil
	}
	for other := range strings.SplitSeq(m[2], ")") {
		other = strings.TrimPrefix(strings.TrimLeft(other, " ("), "a.k.a. ")
		if other != "" {
			others = append(others, other)
		}
	}
	return m[1], others
}

// part is what a sequel's name has more than its series has: a subtitle, "and
// the ..." after two words, or a number.
var part = regexp.MustCompile(`(?i)^([^:]+): .*$|^(\S+ .*?) and the .*$|^(.+?)(?: part)? (?:\d+|ii|iii|iv|v|vi|vii|viii|ix|x|one|two|three)$`)

// series returns what names the series of a movie: its collection if that is
// known, else its name without what makes it one part ("Toy Story 2", "The
// Godfather: Part II", "Harry Potter and the ..."). It is empty where that is
// the name itself.
func series(name, collection string) string {
	if collection != "" {
		collection = strings.TrimSuffix(collection, " Collection")
		if collection == name {
			return ""
		}
		return collection
	}
	short := name
	for m := part.FindStringSubmatch(short); m != nil; m = part.FindStringSubmatch(short) {
		short = m[1] + m[2] + m[3]
	}
	if short == name {
		return ""
	}
	return short
}

// sentences returns parts as sentences, each of at most maxPartBytes.
func sentences(parts ...string) (text string) {
	for _, part := range parts {
		text = join(text, sentence(part, maxPartBytes))
	}
	return text
}

// sentence returns s, cut to most bytes, with a full stop if it ends in nothing
// like one.
func sentence(s string, most int) string {
	s = catalog.CutText(catalog.CleanText(s), most-1)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

func list(entries []string, most int) string {
	return strings.Join(entries[:min(len(entries), most)], ", ")
}

// formula is how encyclopedias open a plot: "Heat is a 1995 American crime film
// directed by ...". What stands between the year and the film says what kind it
// is, in the second group; the first may say something too ("lost").
var formula = regexp.MustCompile(`^[^\n]{1,200}? (?:is|was) (?:an?|the) ([^.]{0,60}?)\b(?:18|19|20)\d\d\b,? ?([^.]{0,120}?) ?\b(?:films?|movies?|serial|documentary|feature)\b`)

// plot returns an overview without the formula that opens it. Equal words draw
// movies together that have nothing else in common, and the title and the year,
// which it repeats, stand elsewhere in the document.
func plot(overview string) string {
	m := formula.FindStringSubmatchIndex(overview)
	if m == nil {
		return overview
	}
	rest := strings.TrimLeft(overview[m[2]:m[3]]+overview[m[4]:m[5]]+overview[m[1]:], " ,.")
	if rest == "" {
		return overview
	}
	return rest
}
