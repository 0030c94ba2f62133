package httpapi

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"marquee/catalog"
	"marquee/recommender"
)

// The bounds of what a call may name.
const (
	maxIDs        = 500 // of exclude, and of only
	maxBoosts     = 20
	maxGenres     = 50
	maxLanguages  = 50
	maxGenreBytes = 64
	maxTextBytes  = 500
	minBoost      = 0.1
	maxBoost      = 10
	maxYear       = 9999
)

// What follows reads the values of one parameter into a query, in place of what it had
// there: queries may share what they point to.

// split returns the parts of values between commas, at most most of them.
func split(values []value, most int) ([]value, error) {
	var parts []value
	for _, v := range values {
		ids, texts := strings.Split(v.id, ","), strings.Split(v.text, ",") // equally many: they differ in pluses and blanks only
		if len(parts)+len(ids) > most {
			return nil, fmt.Errorf("more than %d values: %w", most, catalog.ErrInvalid)
		}
		for i := range ids {
			parts = append(parts, value{ids[i], texts[i]})
		}
	}
	return parts, nil
}

func readFormat(_ *query, values []value) error {
	if f := values[0].text; f != "json" {
		return fmt.Errorf("is %.20q, want json: %w", f, catalog.ErrInvalid)
	}
	return nil
}

func readN(q *query, values []value) error {
	n, err := strconv.Atoi(values[0].text)
	if err != nil {
		return fmt.Errorf("is %.20q, want 1 to %d: %w", values[0].text, maxCount, catalog.ErrInvalid)
	}
	return q.count(n)
}

// count sets how many movies are wanted.
func (q *query) count(n int) error {
	if n < 1 || n > maxCount {
		return fmt.Errorf("is %d, want 1 to %d: %w", n, maxCount, catalog.ErrInvalid)
	}
	q.call.N = n
	return nil
}

func readCursor(q *query, values []value) error {
	g, err := parseGiven(values[0].id)
	q.given, q.call.Skip = g, g
	return err
}

func readPlace(q *query, values []value) error {
	p, err := parsePlace(values[0].id)
	q.place = p
	return err
}

func readExclude(q *query, values []value) error {
	ids, err := movieIDs(values)
	q.call.Exclude = ids
	return err
}

func readOnly(q *query, values []value) error {
	ids, err := movieIDs(values)
	q.call.Only = ids
	return err
}

// movieIDs returns the ids that stand between commas.
func movieIDs(values []value) ([]catalog.MovieID, error) {
	parts, err := split(values, maxIDs)
	if err != nil {
		return nil, err
	}
	ids := make([]catalog.MovieID, len(parts))
	for i, p := range parts {
		if ids[i], err = catalog.ParseMovieID(p.id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// readGenre reads genres; a minus before one keeps it out.
func readGenre(q *query, values []value) error {
	parts, err := split(values, maxGenres)
	if err != nil {
		return err
	}
	q.call.Genres, q.call.NotGenres = nil, nil
	for _, p := range parts {
		name, not := strings.CutPrefix(p.text, "-")
		if err := checkGenre(name); err != nil {
			return err
		}
		if not {
			q.call.NotGenres = append(q.call.NotGenres, name)
		} else {
			q.call.Genres = append(q.call.Genres, name)
		}
	}
	return nil
}

func checkGenre(name string) error {
	if name == "" || len(name) > maxGenreBytes || !utf8.ValidString(name) {
		return fmt.Errorf("genre %.80q, want 1 to %d bytes of UTF-8: %w", name, maxGenreBytes, catalog.ErrInvalid)
	}
	return nil
}

// readYear reads a year, or a span of years whose ends belong to it: 1994, 1990..1999,
// 1990.. or ..1999.
func readYear(q *query, values []value) error {
	text := values[0].text
	from, to, span := strings.Cut(text, "..")
	if !span {
		to = from
	}
	bad := fmt.Errorf("is %.30q, want 1994, 1990..1999, 1990.. or ..1999: %w", text, catalog.ErrInvalid)
	if from == "" && to == "" {
		return bad
	}
	var ok1, ok2 bool
	q.call.FromYear, ok1 = yearOf(from)
	q.call.ToYear, ok2 = yearOf(to)
	if !ok1 || !ok2 || from != "" && to != "" && q.call.FromYear > q.call.ToYear {
		return bad
	}
	return nil
}

// yearOf returns a year of one to four digits, or 0 for an empty text.
func yearOf(text string) (year int, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && n >= 1 && n <= maxYear
}

// readLanguage reads ISO 639 codes.
func readLanguage(q *query, values []value) error {
	parts, err := split(values, maxLanguages)
	if err != nil {
		return err
	}
	q.call.Languages = nil
	for _, p := range parts {
		code := strings.ToLower(p.text)
		if len(code) < 2 || len(code) > 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
			return fmt.Errorf("is %.20q, want codes of ISO 639 such as en: %w", p.text, catalog.ErrInvalid)
		}
		q.call.Languages = append(q.call.Languages, code)
	}
	return nil
}

// readBoost reads factors of movies and genres.
func readBoost(q *query, values []value) error {
	parts, err := split(values, maxBoosts)
	if err != nil {
		return err
	}
	q.call.Boosts = nil
	for _, p := range parts {
		b, err := parseBoost(p)
		if err != nil {
			return err
		}
		q.call.Boosts = append(q.call.Boosts, b)
	}
	return nil
}

// parseBoost reads genre:NAME:FACTOR or movie:ID:FACTOR. Names and ids may hold colons,
// so the factor stands behind the last one.
func parseBoost(v value) (recommender.Boost, error) {
	bad := func(why string) error {
		return fmt.Errorf("is %.60q, want genre:NAME:FACTOR or movie:ID:FACTOR, %s: %w", v.text, why, catalog.ErrInvalid)
	}
	kind, rest, ok := strings.Cut(v.text, ":")
	last := strings.LastIndexByte(rest, ':')
	if !ok || last < 0 {
		return recommender.Boost{}, bad("such as genre:Comedy:1.5")
	}
	factor, err := strconv.ParseFloat(rest[last+1:], 32)
	if err != nil || !(factor >= minBoost && factor <= maxBoost) { // this form also catches NaN
		return recommender.Boost{}, bad(fmt.Sprintf("with a factor of %v to %v", minBoost, maxBoost))
	}
	b := recommender.Boost{Factor: float32(factor)}
	switch kind {
	case "genre":
		b.Genre = rest[:last]
		return b, checkGenre(b.Genre)
	case "movie":
		_, id, _ := strings.Cut(v.id, ":")
		b.Movie, err = catalog.ParseMovieID(id[:last]) // as long as rest: see value
		return b, err
	}
	return recommender.Boost{}, bad("not " + strconv.Quote(kind))
}

func readExplain(q *query, values []value) error {
	switch v := values[0].text; v {
	case "1", "true":
		q.explain = true
	case "0", "false":
		q.explain = false
	default:
		return fmt.Errorf("is %.20q, want 1 or 0: %w", v, catalog.ErrInvalid)
	}
	return nil
}

// readText reads what is searched for.
func readText(q *query, values []value) error {
	t := values[0].text
	if len(t) > maxTextBytes || strings.TrimSpace(t) == "" || !utf8.ValidString(t) {
		return fmt.Errorf("has %d bytes, want 1 to %d of UTF-8 that say something: %w", len(t), maxTextBytes, catalog.ErrInvalid)
	}
	q.text = t
	return nil
}
