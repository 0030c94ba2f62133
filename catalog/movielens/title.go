package movielens

import (
	"regexp"
	"strconv"
	"strings"

	"marquee/catalog"
)

// yearEnd is the year at the end of a title: "(1995)", "(2006–2007)", "(1999- )".
var yearEnd = regexp.MustCompile(`\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?\s*)?\)\s*$`)

// articles may stand behind a title, after a comma, to sort it by its first
// word. The value says whether the article joins the title without a blank.
var articles = map[string]bool{
	"the": false, "a": false, "an": false,
	"le": false, "la": false, "les": false, "l'": true, "un": false, "une": false,
	"el": false, "los": false, "las": false, "lo": false, "una": false,
	"il": false, "i": false, "gli": false, "uno": false,
	"der": false, "die": false, "das": false, "ein": false, "eine": false,
	"o": false, "os": false, "as": false, "um": false, "uma": false,
	"de": false, "den": false, "det": false, "en": false, "ett": false, "et": false, "het": false, "da": false,
}

// Title returns the readable title and the year of a MovieLens title. The year
// comes off the end, and articles move to the front, in the title and in the
// alternative titles that follow it in parentheses, which stay:
//
//	"City of Lost Children, The (Cité des enfants perdus, La) (1995)"
//	"The City of Lost Children (La Cité des enfants perdus)", 1995
//
// A title without a year has year 0.
func Title(s string) (title string, year int) {
	s = catalog.CleanText(s)
	if m := yearEnd.FindStringSubmatchIndex(s); m != nil && m[0] > 0 {
		if year, _ = strconv.Atoi(s[m[2]:m[3]]); year > 0 { // there was no year 0
			s = s[:m[0]]
		}
	}
	var b strings.Builder
	for len(s) > 0 {
		end := strings.IndexAny(s, "()")
		if end < 0 {
			end = len(s)
		}
		b.WriteString(front(s[:end]))
		s = s[end:]
		if len(s) > 0 {
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String(), year
}

// front moves the article at the end of a title to its front. Blanks around
// the title and a leading "a.k.a. " stay where they are.
func front(s string) string {
	body := strings.TrimSpace(s)
	if body == "" {
		return s
	}
	before, after, _ := strings.Cut(s, body)
	if rest, ok := strings.CutPrefix(body, "a.k.a. "); ok {
		before, body = before+"a.k.a. ", rest
	}
	comma := strings.LastIndex(body, ", ")
	if comma <= 0 {
		return s
	}
	article := strings.ReplaceAll(body[comma+2:], "’", "'")
	joins, known := articles[strings.ToLower(article)]
	if !known {
		return s
	}
	if !joins {
		article += " "
	}
	return before + article + body[:comma] + after
}
