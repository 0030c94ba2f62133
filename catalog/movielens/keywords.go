package movielens

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"marquee/catalog"
)

// Limits of tags: the longest, in characters, and how many pairs of a movie and
// a tag are counted. ml-32m has some 1.1 million such pairs.
const (
	maxTagLength = 40
	maxTagPairs  = 16_000_000
)

// bookkeeping are frequent tags that say something about the person who wrote
// them (what they own, plan to see, thought of it), or about lists and discs,
// and nothing about the movie. From the most used tags of ml-latest-small and
// of the published tag lists.
var bookkeeping = map[string]bool{
	"in netflix queue": true, "netflix": true, "imdb top 250": true, "afi 100": true, "oscar": true,
	"owned": true, "own": true, "seen": true, "to see": true, "watched": true, "want to see": true, "want to see again": true,
	"to watch": true, "rewatch": true, "seen more than once": true, "my movies": true, "my dvds": true, "favorite": true,
	"favorites": true, "favourite": true, "bd-r": true, "dvd-r": true, "dvd-ram": true, "dvd": true, "dvd-video": true, "clv": true,
	"vhs": true, "betamax": true, "bluray": true, "blu-ray": true, "library": true, "criterion": true, "less than 300 ratings": true,
	"good": true, "bad": true, "great": true, "boring": true, "overrated": true, "ok": true, "awesome": true, "best": true,
	"movie": true, "film": true, "movie to see": true, "can't remember": true, "not seen": true, "interesting": true,
}

// tags counts how often each tag was given to each movie.
type tags struct {
	names []string       // of tags, by number
	ids   map[string]int // numbers of tags
	count map[pair]int
}

// A pair is a movie, by its place in found, and a tag, by its number.
type pair struct{ movie, tag int32 }

// cleanTag returns a tag in small letters, or "" for one that says nothing
// about a movie.
func cleanTag(s string) string {
	s = strings.ToLower(strings.Trim(catalog.CleanText(s), " .,;:!?\"'*#"))
	if utf8.RuneCountInString(s) < 2 || utf8.RuneCountInString(s) > maxTagLength || bookkeeping[s] {
		return ""
	}
	if !strings.ContainsFunc(s, unicode.IsLetter) {
		return "" // "007" or "2009": a number is no theme
	}
	return s
}

// readTags gives each movie its most used tags as keywords; of two that are
// used as often, the one that comes first in the alphabet.
func (im *importer) readTags() error {
	t := tags{ids: make(map[string]int), count: make(map[pair]int)}
	err := im.each(im.layout.tags, func(fields []string, line int) error {
		i, err := im.found.index(fields[1], im.layout.movies.name)
		if err != nil {
			return err
		}
		if name := cleanTag(fields[2]); name != "" {
			return t.add(i, name)
		}
		return nil
	}, nil)
	if err != nil {
		return err
	}
	t.give(im.found.movies, im.opts.Keywords)
	return nil
}

func (t *tags) add(movie int, name string) error {
	id, known := t.ids[name]
	if !known {
		id = len(t.names)
		t.ids[name], t.names = id, append(t.names, name)
	}
	p := pair{movie: int32(movie), tag: int32(id)}
	if t.count[p] == 0 && len(t.count) == maxTagPairs {
		return fmt.Errorf("more than %d pairs of movie and tag: %w", maxTagPairs, catalog.ErrInvalid)
	}
	t.count[p]++
	return nil
}

// give sets the keywords of movies, at most most of each.
func (t *tags) give(movies []catalog.Movie, most int) {
	pairs := make([]pair, 0, len(t.count))
	for p := range t.count {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(p, q pair) int {
		return cmp.Or(cmp.Compare(p.movie, q.movie), cmp.Compare(t.count[q], t.count[p]), cmp.Compare(t.names[p.tag], t.names[q.tag]))
	})
	for _, p := range pairs {
		if m := &movies[p.movie]; len(m.Keywords) < most {
			m.Keywords = append(m.Keywords, t.names[p.tag])
		}
	}
}
