package eval

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A claim says that a title could belong to the series that stem names.
type claim struct {
	stem  string // lower case words, without accents, article, number and subtitle
	kind  claimKind
	num   int    // of a numbered one
	short string // "the star": a stem of one word with its article; else ""
	plain bool   // the subtitle only describes: "Geronimo: An American Legend"
}

type claimKind int

const (
	bare      claimKind = iota // "Alien"
	numbered                   // "Rocky II", "Star Wars: Episode V - ...", "Part Two", "Vol. 2"
	subtitled                  // "Batman: Mask of the Phantasm", "Harry Potter and the ..."
)

// claims returns every series that title could belong to, by its own name and
// by the names in brackets after it.
func claims(title string) []claim {
	var out []claim
	for _, name := range names(title) {
		out = append(out, claimsOf(name)...)
	}
	return out
}

// names splits "Evil Dead II (Dead by Dawn) (1987)" into the names in it. Years
// and languages' articles ("Godfather, The") go.
func names(title string) []string {
	var out []string
	title = strings.TrimSpace(title)
	for strings.HasSuffix(title, ")") {
		open := strings.LastIndexByte(title, '(')
		if open <= 0 {
			break
		}
		name := strings.TrimSpace(title[open+1 : len(title)-1])
		name = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(name, "a.k.a."), "aka "))
		if !isYear(name) {
			out = append(out, name)
		}
		title = strings.TrimSpace(title[:open])
	}
	return append(out, title)
}

// isYear also takes spans: "2011", "2006-2007", "1998– ".
func isYear(s string) bool {
	digits := strings.Count(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return r
	}, s), "0")
	return digits >= 4 && strings.Trim(s, "0123456789-– ") == ""
}

// claimsOf reads one name. Each beginning that ends before a colon or a dash,
// and the whole, is a stem if it is not empty without its number.
func claimsOf(name string) []claim {
	name, article := trailingArticle(name)
	parts := split(name)
	var out []claim
	var words []string
	for i, part := range parts {
		words = append(words, tokens(part)...)
		stem, num := cutNumber(words)
		kind := bare
		switch {
		case num > 0:
			kind = numbered
		case i+1 < len(parts):
			kind, num = subtitled, leadingNumber(tokens(parts[i+1]))
			if num > 0 {
				kind = numbered
			}
		}
		c := newClaim(stem, article, kind, num)
		c.plain = kind == subtitled && describes(parts[i+1], c.short != "")
		out = append(out, c)
		if i == 0 {
			if at := index(stem, "and", "the"); at >= 2 {
				out = append(out, newClaim(stem[:at], article, subtitled, 0))
			}
		}
	}
	return slices.DeleteFunc(out, func(c claim) bool { return !significant(c.stem) })
}

func newClaim(words []string, article string, kind claimKind, num int) claim {
	if len(words) > 1 && articles[words[0]] && words[0] != "die" { // "Die Hard"
		article, words = words[0], words[1:]
	}
	c := claim{stem: strings.Join(words, " "), kind: kind, num: num}
	if len(words) == 1 {
		c.short = article + " " + c.stem
	}
	return c
}

var articles = map[string]bool{"the": true, "a": true, "an": true, "les": true, "le": true, "la": true, "el": true, "los": true, "il": true, "die": true, "der": true, "das": true}

// trailingArticle turns "Godfather: Part II, The" into "Godfather: Part II" and "the".
func trailingArticle(name string) (rest, article string) {
	if at := strings.LastIndex(name, ", "); at > 0 {
		if a := strings.ToLower(strings.TrimSpace(name[at+2:])); articles[a] {
			return name[:at], a
		}
	}
	return name, ""
}

// split cuts a name at colons and free-standing dashes.
func split(name string) []string {
	name = strings.NewReplacer(" - ", ":", " – ", ":", " — ", ":").Replace(name)
	parts := strings.Split(name, ":")
	return slices.DeleteFunc(parts, func(p string) bool { return len(tokens(p)) == 0 })
}

// tokens returns the words of s: lower case, no accents, "&" as "and", "³" as
// "3" and a word of its own, nothing else but letters and digits.
func tokens(s string) []string {
	var b strings.Builder
	before, run := rune(' '), 0
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		switch {
		case r == '&':
			b.WriteString(" and ")
		case unicode.IsDigit(r) && unicode.IsLetter(before) && run >= 3:
			b.WriteRune(' ')
			b.WriteRune(r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '`', r == '.':
			continue
		default:
			b.WriteRune(' ')
		}
		if run++; !unicode.IsLetter(r) {
			run = 0
		}
		before = r
	}
	return strings.Fields(b.String())
}

// The words that stand before a number, and numbers in words.
var (
	markers = map[string]bool{"part": true, "chapter": true, "episode": true, "volume": true, "vol": true, "pt": true, "no": true}
	inWords = map[string]int{"two": 2, "deux": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13}
	roman   = map[string]int{"ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10, "xi": 11, "xii": 12, "xiii": 13}
)

// ordinal reads one word. "i" and "one" are numbers only after a marker.
func ordinal(word string, marked bool) int {
	if n := inWords[word] + roman[word]; n > 0 {
		return n
	}
	if marked && (word == "i" || word == "one") {
		return 1
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(word, "d")); err == nil && n > 0 && n < 3000 {
		return n
	}
	return 0
}

// cutNumber takes the number off the end of words: "2", "II", "Part Two",
// "33 1/3", "3-D". The number is 0 if there is none or nothing is left.
func cutNumber(words []string) (stem []string, num int) {
	end := len(words)
	if end >= 2 && words[end-1] == "d" && words[end-2] == "3" {
		end--
	}
	for end > 0 {
		marked := end >= 2 && markers[words[end-2]]
		n := ordinal(words[end-1], marked)
		if n == 0 || num > 0 && strings.Trim(words[end-1], "0123456789") != "" {
			break
		}
		num = n
		if end--; marked {
			end--
			break
		}
	}
	if num == 0 || end == 0 {
		return words, 0
	}
	return words[:end], num
}

// leadingNumber returns n of "Part n", "Episode n" and so on, or of a part that
// is nothing but a number.
func leadingNumber(words []string) int {
	switch {
	case len(words) >= 2 && markers[words[0]]:
		return ordinal(words[1], true)
	case len(words) == 1:
		return ordinal(words[0], false)
	}
	return 0
}

// describes reports whether a subtitle tells what the film is, and not which
// one of a series: "The Movie", "The Dorothy Day Story" and, after a title of
// one word, "An American Legend".
func describes(subtitle string, oneWord bool) bool {
	words := tokens(subtitle)
	switch words[len(words)-1] {
	case "story", "movie", "life":
		return true
	}
	return oneWord && (words[0] == "a" || words[0] == "an")
}

// significant reports whether a stem can name a series: it needs a word of two
// letters or more that is not a small one.
func significant(stem string) bool {
	for _, w := range strings.Fields(stem) {
		if len(w) >= 2 && !articles[w] && !markers[w] && w != "and" && w != "of" && w != "in" && !strings.ContainsAny(w, "0123456789") {
			return true
		}
	}
	return false
}

// index returns where a and b stand next to each other in words with a word
// after them, or -1.
func index(words []string, a, b string) int {
	for i := 0; i+2 < len(words); i++ {
		if words[i] == a && words[i+1] == b {
			return i
		}
	}
	return -1
}
