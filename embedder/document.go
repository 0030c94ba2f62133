package embedder

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

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
// valid UTF-8. A movie of which nothing but its id (or such as runtime, votes
// and cost) is known has the empty text.
//
// What names a movie and its series comes first, since a model may read no
// further than its limit; then what kind it is, and the plot without the
// formula that opens most of them (see plot); then people and year, which plots
// often repeat. The title comes twice, since the plot outweighs it by far.
//
// Each line adds to the one above. Measured on ml-latest-small with its
// metadata: the share of a movie's sequels among its first 10 neighbours, and
// the mean cosine of who liked it and who liked its first 20 (LSA on all 9,742;
// MiniLM on 1,912, all series and what 15 people liked, so the two do not
// compare):
//
//	                                      LSA              MiniLM
//	title, genres, tags, plot             0.801  0.0985
//	... and people                        0.824  0.1028    0.953  0.1706
//	... the plot without its formula      0.802  0.1080    0.951  0.1814
//	... the title twice                   0.820  0.1002    0.967  0.1812
//	... and the year last: this           0.816  0.1034    0.976  0.1828
//	the second line with the year first   0.765  0.1019
func Document(m catalog.Movie) string {
	var original string
	if m.OriginalTitle != m.Title {
		original = m.OriginalTitle
	}
	head := sentences(m.Title, original, m.Title, m.Collection, list(m.Genres, maxGenres), list(m.Keywords, maxKeywords), m.Tagline)
	tail := sentences(list(m.People, maxPeople))
	text := plot(m.Overview)
	if head+tail+text == "" {
		return ""
	}
	if m.Year != 0 {
		tail = join(tail, strconv.Itoa(m.Year)+".")
	}
	text = sentence(text, maxDocumentBytes-len(head)-len(tail)-2)
	return join(join(head, text), tail)
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
	s = cut(catalog.CleanText(s), most-1)
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

// cut returns the longest prefix of s that has at most n bytes and ends at a
// character's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}
