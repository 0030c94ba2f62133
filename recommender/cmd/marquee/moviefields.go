package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"marquee/catalog"
)

// movieFields are the facts of a movie as flags. What is not named stays as it is.
type movieFields struct {
	Title         *string  `help:"Title." env:"-" placeholder:"TEXT"`
	OriginalTitle *string  `help:"Title in the original language." env:"-" placeholder:"TEXT"`
	Year          *int     `help:"Year of release." env:"-" placeholder:"YEAR"`
	ReleaseDate   *string  `help:"Day of release, YYYY-MM-DD; before it the movie is not listed." env:"-" placeholder:"DATE"`
	Genres        []string `help:"Genres, divided by commas." env:"-" placeholder:"NAME"`
	People        []string `help:"Cast first, then crew, divided by commas." env:"-" placeholder:"NAME"`
	Keywords      []string `help:"Keywords, divided by commas." env:"-" placeholder:"WORD"`
	Collection    *string  `help:"The series it belongs to." env:"-" placeholder:"NAME"`
	Overview      *string  `help:"The plot." env:"-" placeholder:"TEXT"`
	Tagline       *string  `help:"Tagline." env:"-" placeholder:"TEXT"`
	Language      *string  `help:"Original language, ISO 639-1." env:"-" placeholder:"CODE"`
	Runtime       *int     `help:"Minutes." env:"-" placeholder:"MINUTES"`
	Adult         *bool    `help:"An adult movie, which minors never see." env:"-" negatable:""`
	CostUSD       *float64 `name:"cost-usd" help:"License cost of one view." env:"-" placeholder:"USD"`
	IMDBID        *string  `name:"imdb-id" help:"Id in IMDb, such as tt0114709." env:"-" placeholder:"ID"`
	TMDBID        *int64   `name:"tmdb-id" help:"Id in TMDB." env:"-" placeholder:"ID"`
	JSON          string   `name:"json" help:"File with a JSON object of facts by the names that \"marquee movie show --output json\" has; - is standard input. Flags win." env:"-" placeholder:"FILE" predictor:"file"`
}

// apply changes m to what the fields say. A fact that cannot be meant is an error.
func (f movieFields) apply(m *catalog.Movie, stdin io.Reader) error {
	before := copied(*m)
	if f.JSON != "" {
		if err := readMovieJSON(m, f.JSON, stdin); err != nil {
			return err
		}
	}
	set(&m.Title, f.Title)
	set(&m.OriginalTitle, f.OriginalTitle)
	set(&m.Year, f.Year)
	set(&m.ReleaseDate, f.ReleaseDate)
	set(&m.Collection, f.Collection)
	set(&m.Overview, f.Overview)
	set(&m.Tagline, f.Tagline)
	set(&m.Language, f.Language)
	set(&m.RuntimeMinutes, f.Runtime)
	set(&m.Adult, f.Adult)
	set(&m.CostUSD, f.CostUSD)
	set(&m.IMDBID, f.IMDBID)
	set(&m.TMDBID, f.TMDBID)
	for _, l := range []struct {
		dst  *[]string
		from []string
	}{{&m.Genres, f.Genres}, {&m.People, f.People}, {&m.Keywords, f.Keywords}} {
		if l.from != nil {
			*l.dst = l.from
		}
	}
	if m.Language != before.Language {
		m.Language = strings.ToLower(m.Language)
	}
	return checkFacts(before, *m)
}

// set changes dst to what was given, if anything was.
func set[T any](dst *T, given *T) {
	if given != nil {
		*dst = *given
	}
}

// maxMovieJSON bounds the JSON of one movie, in bytes.
const maxMovieJSON = 4 << 20

// readMovieJSON lays the facts of a JSON object on m. A name that is no fact is an
// error: it would be lost in silence otherwise.
func readMovieJSON(m *catalog.Movie, path string, stdin io.Reader) error {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return usage("--json: %v", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxMovieJSON+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if len(text) > maxMovieJSON {
		return usage("--json %s has more than %d bytes, want the facts of one movie", path, maxMovieJSON)
	}
	id := m.ID
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return usage("--json %s: %s; want one object with facts by the names of \"marquee movie show --output json\"", path, jsonFault(err))
	}
	if dec.More() {
		return usage("--json %s holds more than one object; \"marquee reindex --from FILE.jsonl\" takes many movies", path)
	}
	if id != "" && m.ID != id {
		return usage("--json %s is of movie %q, want %q", path, m.ID, id)
	}
	return nil
}

// jsonFault says in whose field what is wrong.
func jsonFault(err error) string {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return "it is " + article(kind.Value)
	case errors.As(err, &kind):
		return fmt.Sprintf("field %q is %s, and is to be %s", kind.Field, article(kind.Value), jsonKind(kind.Type))
	case errors.As(err, &syntax):
		return fmt.Sprintf("no JSON at byte %d: %v", syntax.Offset, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends before the object does"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// article returns the name of a kind of JSON value with its article.
func article(name string) string {
	switch {
	case strings.HasPrefix(name, "number "):
		return "the " + name
	case name == "bool":
		return "true or false"
	case name == "array" || name == "object":
		return "an " + name
	}
	return "a " + name
}

// jsonKind names the JSON values that a field of type t takes.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array of texts"
	}
	return "an object"
}

// madeID returns an id for a movie of this title and year, in the style of the event
// stream: the+long+tide+2026.
func madeID(title string, year int) catalog.MovieID {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if year != 0 {
		words = append(words, fmt.Sprint(year))
	}
	return catalog.MovieID(strings.Join(words, "+"))
}

// movieChanges returns a line for each fact that differs between two versions of a
// movie.
func movieChanges(before, after catalog.Movie) []string {
	old, now := movieFacts(before), movieFacts(after)
	var names []string
	for name := range now {
		names = append(names, name)
	}
	for name := range old {
		if _, also := now[name]; !also {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		if old[name] != now[name] {
			out = append(out, fmt.Sprintf("%s: %s -> %s", name, orElse(short(old[name]), "none"), orElse(short(now[name]), "none")))
		}
	}
	return out
}

// movieFacts returns the facts of m as JSON, by name.
func movieFacts(m catalog.Movie) map[string]string {
	text, err := json.Marshal(m)
	if err != nil {
		return nil // Extra may hold no JSON only in a damaged store, which reading would have told
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	out := make(map[string]string, len(all))
	for name, value := range all {
		out[name] = string(value)
	}
	return out
}

// short returns text cut to a length that fits a line. A JSON text that is cut ends in a
// quote still.
func short(text string) string {
	const most = 100
	if len(text) <= most {
		return text
	}
	if text[0] == '"' {
		return strings.TrimRight(catalog.CutText(text, most-4), `\`) + `..."`
	}
	return catalog.CutText(text, most-3) + "..."
}
